/** Every option of `demo`. */

import path from "node:path";
import { seedOption } from "./images";
import type { Supervision } from "./label-photograph";
import type { OptionTable } from "./option";

export type DemoFeatures = "handcrafted" | "random" | "trained";

export interface DemoConfig {
  readonly data: string;
  readonly list: string;
  readonly images: number;
  readonly out: string;
  readonly supervision: readonly string[];
  readonly features?: string;
  readonly weights?: string;
  readonly seed: number;
}

/** In order of the work a person has. */
export const demoSupervisions: readonly Supervision[] = ["image", "point", "scribble", "box"];

export const demoOptions: OptionTable<DemoConfig> = {
  data: {
    kind: "path",
    affects: "fit",
    default: path.join(__dirname, "..", "..", "data", "mini"),
    help: "data set in VOC layout with masks, scribbles, points, and CAM/ for the image tags",
  },
  list: { kind: "text", affects: "fit", default: "train.txt", help: "image list" },
  images: { kind: "integer", affects: "fit", default: 6, min: 1, help: "number of images taken from the list" },
  out: {
    kind: "path",
    affects: "place",
    default: path.join("out", "demo"),
    help: "folder for labels, figures and report.html",
  },
  supervision: {
    kind: "texts",
    affects: "fit",
    choices: demoSupervisions,
    default: demoSupervisions,
    help: "kinds of weak labels",
  },
  features: {
    kind: "choice",
    affects: "fit",
    choices: ["handcrafted", "random", "trained"],
    help: "features of the graph: handcrafted, a network of a sixteenth of the width with random weights, or with --weights [default: trained where there are weights, else handcrafted]",
  },
  weights: {
    kind: "path",
    affects: "fit",
    help: "affinity network of any width [default: the first file in weights/ of the data folder, if there is one]",
  },
  seed: { ...seedOption, group: undefined },
};
