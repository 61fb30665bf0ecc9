/**
 * The built-in table: what the paper ablates, and the departures from the reference that are options here. One thing
 * differs at a time, from the scribble recipe where nothing else is needed because it is the quickest. The momentum of
 * the affinity network's training has no row: it takes two networks, whose files go into a grid of one's own.
 */

import type { Variant } from "./variant";

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
  {
    group: "losses",
    name: "box with consistency 0.7",
    supervision: "box",
    labels: { consistencyThreshold: 0.7 },
  },

  { group: "inference", name: "image without walk", supervision: "image", labels: { rw: false }, seeds: {} },
  { group: "inference", name: "point without walk", supervision: "point", labels: { rw: false } },
  { group: "inference", name: "no dense CRF", supervision: "scribble", labels: { denseCrf: false } },
  { group: "inference", name: "logits cropped", supervision: "scribble", labels: { logitResize: "crop" } },
  { group: "padding", name: "seed padding unknown", supervision: "scribble", labels: { seedPadding: "ignore" } },

  { group: "seeds", name: "scribble and superpixels", supervision: "scribble", seeds: {} },
  { group: "seeds", name: "point and superpixels", supervision: "point", seeds: { camLabel: false } },
  { group: "seeds", name: "point with superpixels and CAM", supervision: "point", seeds: {} },
  { group: "seeds", name: "box and GrabCut", supervision: "box", seeds: { camLabel: false } },
  { group: "seeds", name: "box with GrabCut and CAM", supervision: "box", seeds: {} },
];
