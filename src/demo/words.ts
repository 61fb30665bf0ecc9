/** What the demo says about its data and each supervision, and the command line that repeats a part of it. */

import path from "node:path";
import type { Supervision } from "../config/label-photograph";
import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import { flagOf } from "../config/option";

export const supervisionWords: Readonly<Record<Supervision, string>> = {
  image:
    "Image tags: class activation maps give a confident label where a map is strong and the dense CRF is sure. The maps of data/mini are those of weights/seam.safetensors, which train-seam trained on nothing but tags.",
  point: "One click on each thing and three on the ground, each a disc of radius 3.",
  scribble: "One stroke along each thing and two through the ground, 3 pixels wide.",
  box: "Outside all boxes background, inside unknown but for the middle 20 % of the area; the multi-point loss asks for the class in every row and column of a box.",
};

export const walkWords = "The class activation maps are walked along the affinities as well.";

export const dataWords: readonly string[] = [
  "Data: drawn by a program (scripts/make-mini.ts), not photographs; figures on it say nothing about VOC.",
  "Seeds + dense CRF: seed pixels 99 % sure, all others equally unsure among the classes of the image's seeds; the same kernels as in the last step of A2GNN.",
  "Training: the reference's step counts, 150 + 150 for boxes and 50 + 50 for the others, with dropout.",
];

/** The command line of a part of the demo, with paths as seen from the working directory. */
export function commandOf(options: Partial<MakePseudoLabelsConfig>): string {
  const words = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const text = String(value);
    return [`--${flagOf(key)} ${path.isAbsolute(text) ? path.relative("", text) : text}`];
  });
  return `npx a2gnn make-pseudo-labels ${words.join(" ")}`;
}
