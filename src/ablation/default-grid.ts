/**
 * The built-in table: what the paper ablates, and the departures from the reference that are options here. One thing
 * differs at a time, from the scribble recipe where nothing else is needed because it is the quickest. Rows that differ
 * after the training alone cost nothing beside their default.
 */

import type { Variant } from "./variant";

/** What `ablate` runs by itself. */
export const defaultGrid: readonly Variant[] = [
  { group: "supervision", name: "image", supervision: "image", seeds: {} },
  { group: "supervision", name: "point", supervision: "point" },
  { group: "supervision", name: "scribble", supervision: "scribble" },
  { group: "supervision", name: "box", supervision: "box" },

  { group: "radius", name: "radius 2", supervision: "scribble", labels: { radius: 2 } },
  { group: "radius", name: "radius 4", supervision: "scribble", labels: { radius: 4 } },
  { group: "layers", name: "0 layers", supervision: "scribble", labels: { layers: 0 } },
  { group: "layers", name: "1 layer", supervision: "scribble", labels: { layers: 1 } },
  { group: "layers", name: "2 layers", supervision: "scribble", labels: { layers: 2 } },
  { group: "layers", name: "4 layers", supervision: "scribble", labels: { layers: 4 } },
  { group: "attention", name: "no affinity term", supervision: "scribble", labels: { affinityWeight: 0 } },

  { group: "losses", name: "no CRF loss", supervision: "scribble", labels: { crfWeight: 0 } },
  { group: "losses", name: "box without MP loss", supervision: "box", labels: { multiPoint: false } },
  { group: "losses", name: "box with consistency 0.7", supervision: "box", labels: { consistencyThreshold: 0.7 } },

  { group: "inference", name: "image without walk", supervision: "image", labels: { rw: false }, seeds: {} },
  { group: "inference", name: "point without walk", supervision: "point", labels: { rw: false } },
  { group: "inference", name: "scribble with walk", supervision: "scribble", labels: { rw: true } },
  { group: "inference", name: "no dense CRF", supervision: "scribble", labels: { denseCrf: false } },
  { group: "inference", name: "logits cropped", supervision: "scribble", labels: { logitResize: "crop" } },
  { group: "padding", name: "seed padding unknown", supervision: "scribble", labels: { seedPadding: "ignore" } },
  { group: "padding", name: "seed padding background", supervision: "scribble", labels: { seedPadding: "background" } },
  { group: "features", name: "handcrafted features", supervision: "scribble", labels: { features: "handcrafted" } },
  { group: "features", name: "ImageNet features", supervision: "scribble", labels: { features: "imagenet" } },

  { group: "seeds", name: "scribble and superpixels", supervision: "scribble", seeds: {} },
  { group: "seeds", name: "point and superpixels", supervision: "point", seeds: { camLabel: false } },
  { group: "seeds", name: "point with superpixels and CAM", supervision: "point", seeds: {} },
  { group: "seeds", name: "box and GrabCut", supervision: "box", seeds: { camLabel: false } },
  { group: "seeds", name: "box with GrabCut and CAM", supervision: "box", seeds: {} },
];

/** By name or group, or with `--variants all`: tidied borders, every other switch of make-seeds, and trainings. */
export const furtherRows: readonly Variant[] = [
  { group: "borders", name: "specks removed", supervision: "scribble", labels: { minArea: 20 } },
  { group: "borders", name: "smoothed borders", supervision: "scribble", labels: { smooth: 1 } },
  {
    group: "seed rules",
    name: "scribble with superpixels and CAM",
    supervision: "scribble",
    seeds: { scribbleRest: "confident" },
  },
  { group: "seed rules", name: "point with CAM alone", supervision: "point", seeds: { superpixels: false } },
  { group: "seed rules", name: "point with CAM of all classes", supervision: "point", seeds: { tagsOnly: false } },
  { group: "seed rules", name: "box with CAM alone", supervision: "box", seeds: { grabCut: false } },
  {
    group: "seed rules",
    name: "box with GrabCut's background",
    supervision: "box",
    seeds: { camLabel: false, grabCutBackground: "background" },
  },
  {
    group: "seed rules",
    name: "box with GrabCut whatever it finds",
    supervision: "box",
    seeds: { camLabel: false, grabCutMin: 0, grabCutMax: 1 },
  },
  {
    group: "seed rules",
    name: "box with a band along GrabCut",
    supervision: "box",
    seeds: { camLabel: false, grabCutBand: 2 },
  },
  { group: "seed rules", name: "box with clicks and scribbles", supervision: "box", seeds: { supervision: "mixed" } },
  {
    group: "seed rules",
    name: "point without a rim",
    supervision: "point",
    labels: { rw: false },
    seeds: { camLabel: false, pointRim: 0 },
  },
  {
    group: "graph",
    name: "point with a graph of 96 pixels",
    supervision: "point",
    labels: { rw: false, graphSide: 96 },
  },
  { group: "graph", name: "labelled at 10000 pixels", supervision: "box", labels: { workPixels: 10_000 } },
  { group: "limit", name: "labels within their boxes", supervision: "box", labels: { boxLimit: true } },
  { group: "limit", name: "labels beyond their boxes", supervision: "box", labels: { boxLimit: false } },

  { group: "seed numbers", name: "superpixels of 100 pixels", supervision: "scribble", seeds: { superpixelArea: 100 } },
  { group: "seed numbers", name: "superpixels of 400 pixels", supervision: "scribble", seeds: { superpixelArea: 400 } },
  {
    group: "seed numbers",
    name: "superpixels of compactness 30",
    supervision: "scribble",
    seeds: { superpixelCompactness: 30 },
  },
  { group: "seed numbers", name: "scribbles 1 wide", supervision: "scribble", seeds: { scribbleWidth: 1 } },
  {
    group: "seed numbers",
    name: "clicks of radius 1",
    supervision: "point",
    seeds: { camLabel: false, pointRadius: 1 },
  },
  {
    group: "seed numbers",
    name: "box with one round of GrabCut",
    supervision: "box",
    seeds: { camLabel: false, grabCutIterations: 1 },
  },
  {
    group: "seed numbers",
    name: "box with the middle half",
    supervision: "box",
    seeds: { camLabel: false, grabCut: false, middleShare: 0.5 },
  },

  { group: "numbers", name: "hidden 128", supervision: "scribble", labels: { hidden: 128 } },
  { group: "numbers", name: "no dropout", supervision: "scribble", labels: { dropout: 0 } },
  { group: "numbers", name: "learning rate 0.03", supervision: "scribble", labels: { learningRate: 0.03 } },
  { group: "numbers", name: "no weight decay", supervision: "scribble", labels: { weightDecay: 0 } },
  { group: "numbers", name: "half the steps", supervision: "scribble", labels: { epochs: 25 } },
  { group: "numbers", name: "CRF loss from the start", supervision: "scribble", labels: { epochs: 0, crfEpochs: 100 } },
  { group: "numbers", name: "walk with more background", supervision: "point", labels: { alpha: 3 } },
  { group: "numbers", name: "walk of 16 steps", supervision: "point", labels: { logt: 4 } },
  { group: "numbers", name: "walk of affinities to the 4th", supervision: "point", labels: { beta: 4 } },
  { group: "numbers", name: "walk of weight 1", supervision: "point", labels: { rwWeight: 1 } },

  { group: "training", name: "momentum 5e-4", supervision: "scribble", training: {} },
  { group: "training", name: "momentum 0.9", supervision: "scribble", training: { momentum: 0.9 } },
  { group: "training", name: "no CRF term in the training", supervision: "scribble", training: { crfWeight: 0 } },
];
