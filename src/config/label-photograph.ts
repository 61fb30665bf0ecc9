/**
 * What the label of one photograph depends on, wherever photograph and weak label come from (docs/method.md, section 3): the
 * options that `labelPhotograph` and `make-pseudo-labels` share. Names and defaults are those of the reference's
 * `train_infer_A2GNN_others.py`; what other supervisions change is in `pseudo-label-presets.ts`.
 */

import { type DenseCrfConfig, denseCrfOptions } from "./dense-crf";
import { pointRimOption, seedOption } from "./images";
import type { OptionTable } from "./option";
import { type SeedRuleConfig, seedRuleOptions } from "./seed-rule";

export type Supervision = "image" | "point" | "scribble" | "box";

/** Where an image's graph comes from: the affinity network, the photograph's colours and textures, files. */
export type FeatureKind = "cnn" | "imagenet" | "learned" | "handcrafted" | "files";

/**
 * How features below 0 become rows that are distributions.
 * shift    each channel minus its smallest value in the image
 * relu     values below 0 count as 0
 * softmax  the softmax of each cell's channels
 * split    positive and negative parts side by side, twice the channels: nothing is lost
 */
export type Normalisation = "shift" | "relu" | "softmax" | "split";

export interface LabelConfig extends DenseCrfConfig, SeedRuleConfig {
  readonly supervision?: Supervision;
  readonly pointRim: number;
  readonly features?: FeatureKind;
  readonly weights?: string;
  readonly graphDir?: string;
  readonly graphStride?: number;
  readonly graphNormalise?: "shift" | "relu" | "softmax" | "split";
  readonly workPixels: number;
  readonly graphSide: number;
  readonly radius: number;
  readonly epochs: number;
  readonly crfEpochs?: number;
  readonly hidden: number;
  readonly layers: number;
  readonly affinityWeight: number;
  readonly dropout: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly crfWeight: number;
  readonly multiPoint: boolean;
  readonly consistencyThreshold: number;
  readonly seedPadding: "background" | "ignore";
  readonly logitResize: "direct" | "crop";
  readonly boxLimit: boolean;
  readonly rw: boolean;
  readonly alpha: number;
  readonly beta: number;
  readonly logt: number;
  readonly rwWeight: number;
  readonly denseCrf: boolean;
  readonly minArea: number;
  readonly smooth: number;
  readonly seed: number;
}

const supervision = "Weak labels";
const graph = "Graph";
const network = "A2GNN";
const walk = "Random walk (image and point)";
const crf = "Dense CRF";
const borders = "Borders";

const rules = seedRuleOptions(false);

/** The table of `LabelConfig`. */
export const labelOptions: OptionTable<LabelConfig> = {
  supervision: {
    kind: "choice",
    affects: "fit",
    choices: ["image", "point", "scribble", "box"],
    group: supervision,
    help: "kind of weak label that the defaults are those of [default: that of the labels given]",
  },
  pointRim: pointRimOption,
  ...rules.regions,
  ...rules.boxes,
  features: {
    kind: "choice",
    affects: "fit",
    choices: ["cnn", "imagenet", "learned", "handcrafted", "files"],
    group: graph,
    help: "cnn needs --weights; files needs --graph-dir; imagenet (what a network trained on ImageNet sees in each cell; a2gnn setup fetches it) and handcrafted (colour, texture, position) need neither; learned is imagenet with the affinities of a network on EfficientNet-Lite2: that of --weights [default: files with --graph-dir, cnn or learned with --weights, as the file says, else imagenet for strokes and clicks where it is set up, else handcrafted]",
  },
  weights: {
    kind: "path",
    affects: "fit",
    group: graph,
    help: "affinity network: .pth, .params or .safetensors, of any width, on ResNet38 or on EfficientNet-Lite2",
  },
  graphDir: {
    kind: "path",
    affects: "fit",
    group: graph,
    help: "folder of features of any other network: NAME.npy of [height, width, channels] cells, and where there is one NAME.affinity.npy of [height, width, d, d], d = 2r + 1, from 0 to 1",
  },
  graphStride: {
    kind: "integer",
    affects: "fit",
    min: 1,
    max: 256,
    unit: "pixels",
    group: graph,
    help: "side of a cell of --graph-dir [default: the one that fits the photograph's size]",
  },
  graphNormalise: {
    kind: "choice",
    affects: "fit",
    choices: ["shift", "relu", "softmax", "split"],
    group: graph,
    help: "what to do with features of --graph-dir below 0: subtract each channel's minimum, cut at 0, take each cell's softmax, or put positive and negative parts side by side",
  },
  workPixels: {
    kind: "integer",
    affects: "fit",
    default: 1_000_000,
    min: 0,
    unit: "pixels",
    group: graph,
    help: "a larger photograph is labelled at this size, and its label brought back to its own along its edges; 0: never",
  },
  graphSide: {
    kind: "integer",
    affects: "fit",
    default: 0,
    min: 0,
    symbol:
      "boxes without weights 320, clicks with handcrafted features 256, strokes with ImageNet features 256, clicks 320",
    unit: "pixels",
    group: graph,
    help: "longest side to which a photograph is reduced for its graph; 0: not reduced, as in the reference and with the random walk",
  },
  radius: {
    kind: "integer",
    affects: "fit",
    default: 3,
    min: 1,
    max: 16,
    symbol: "r; box 4",
    unit: "cells",
    group: graph,
    help: "radius of the window of neighbours; the reference labels scribbles with 3, although its scribble network is trained with 4",
  },
  epochs: {
    kind: "integer",
    affects: "fit",
    default: 50,
    min: 0,
    symbol: "box 150, handcrafted features 50",
    unit: "steps",
    group: network,
    help: "training steps of each phase: first without, then with the gated CRF loss",
  },
  crfEpochs: {
    kind: "integer",
    affects: "fit",
    min: 0,
    unit: "steps",
    group: network,
    help: "training steps of the second phase, if not --epochs",
  },
  hidden: {
    kind: "integer",
    affects: "fit",
    default: 256,
    min: 1,
    symbol: "handcrafted features 64",
    group: network,
    help: "hidden units",
  },
  layers: { kind: "integer", affects: "fit", default: 3, min: 0, group: network, help: "affinity attention layers" },
  affinityWeight: {
    kind: "number",
    affects: "fit",
    default: 10,
    min: 0,
    max: 80,
    group: network,
    help: "weight of the affinity beside β·cosine in the attention; fixed in the reference",
  },
  dropout: { kind: "number", affects: "fit", default: 0.5, min: 0, max: 0.99, group: network, help: "dropout rate" },
  learningRate: {
    kind: "number",
    affects: "fit",
    default: 0.03,
    min: 0,
    aliases: ["lr"],
    symbol: "box 0.035, handcrafted features 0.01",
    group: network,
    help: "Adam's learning rate",
  },
  weightDecay: {
    kind: "number",
    affects: "fit",
    default: 5e-4,
    min: 0,
    group: network,
    help: "L2 term of every parameter",
  },
  crfWeight: {
    kind: "number",
    affects: "fit",
    default: 0.3,
    min: 0,
    symbol: "box 0.01",
    group: network,
    help: "weight of the gated CRF loss in the second phase",
  },
  multiPoint: {
    kind: "boolean",
    affects: "fit",
    default: false,
    symbol: "box true",
    group: network,
    help: "the MP loss; needs boxes",
  },
  consistencyThreshold: {
    kind: "number",
    affects: "fit",
    default: 0,
    min: 0,
    max: 1,
    group: network,
    help: "seeds whose cosine with the mean feature of their box is below this become unknown; 0, the reference's value, never fires",
  },
  seedPadding: {
    kind: "choice",
    affects: "fit",
    choices: ["background", "ignore"],
    default: "background",
    symbol: "box, handcrafted features: ignore",
    group: network,
    help: "label of the padding to multiples of 8",
  },
  logitResize: {
    kind: "choice",
    affects: "label",
    choices: ["direct", "crop"],
    default: "direct",
    group: network,
    help: "direct: resize the logits of the padded grid straight to the image's size, as the reference does; crop: resize them to the padded size and crop",
  },
  boxLimit: {
    kind: "boolean",
    affects: "label",
    default: false,
    symbol: "handcrafted features true",
    group: network,
    help: "label a class that has boxes inside its boxes alone, before and after the dense CRF; not in the reference",
  },
  rw: {
    kind: "boolean",
    affects: "label",
    default: false,
    symbol: "image, point true",
    group: walk,
    help: "add the CAMs, walked along the affinities; --rw false means false",
  },
  alpha: {
    kind: "number",
    affects: "label",
    default: 6,
    min: 0,
    group: walk,
    help: "background of the CAMs is (1 − max)^alpha",
  },
  beta: { kind: "integer", affects: "label", default: 8, min: 1, group: walk, help: "power of the affinities" },
  logt: {
    kind: "integer",
    affects: "label",
    default: 6,
    min: 0,
    max: 16,
    group: walk,
    help: "the walk has 2^logt steps",
  },
  rwWeight: {
    kind: "number",
    affects: "label",
    default: 3,
    min: 0,
    group: walk,
    help: "weight of the walk beside the probabilities",
  },
  denseCrf: {
    kind: "boolean",
    affects: "label",
    default: true,
    group: crf,
    help: "sharpen the probabilities; --dense-crf off takes their argmax",
  },
  ...denseCrfOptions(),
  minArea: {
    kind: "integer",
    affects: "label",
    default: 0,
    min: 0,
    unit: "pixels",
    group: borders,
    help: "regions of fewer pixels become what borders on them most; 0: all stay, and what was drawn always does",
  },
  smooth: {
    kind: "integer",
    affects: "label",
    default: 0,
    min: 0,
    max: 50,
    unit: "pixels",
    group: borders,
    help: "jagged edges take the commonest class in a disc of this radius; 0: they stay, and what was drawn always does",
  },
  seed: { ...seedOption, help: "seed of all random numbers, which depend on it and on the image's name alone" },
};
