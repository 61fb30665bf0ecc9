/**
 * The classes that an image's own weak label names, numbered without gaps. A graph network that starts from nothing can
 * learn of no other: no seed speaks for it. Left out, they cost no time, which grows with the number of classes, and
 * what the network spends on pushing them down goes to telling the present ones apart.
 */

import type { LabelMap } from "../data/label-png";
import type { LabelInput } from "./label-image";

/** Class of each number in use, ascending; background first. */
export type ImageClasses = readonly number[];

/** Background, and what seeds, boxes and class activation maps name. */
export function classesOf({
  seed,
  boxes,
  maps,
  ignore,
}: Pick<LabelInput, "seed" | "boxes" | "maps" | "ignore">): ImageClasses {
  const named = new Set([0, ...valuesIn(seed), ...boxes.map((box) => box.class), ...(maps?.keys() ?? [])]);
  named.delete(ignore);
  return [...named].sort((a, b) => a - b);
}

/** Every value that a label holds, the ignore value included, ascending. */
export function valuesIn({ data }: Pick<LabelMap, "data">): number[] {
  const isThere = new Uint8Array(256);
  for (let i = 0; i < data.length; i++) isThere[data[i]] = 1;
  return [...isThere.keys()].filter((value) => isThere[value] === 1);
}

/** The same input with its classes renumbered. */
export function renumbered(input: LabelInput, classes: ImageClasses): LabelInput {
  const { seed, boxes, drawn, maps, ignore } = input;
  const numberOf = new Uint8Array(256).fill(ignore);
  for (const [number, label] of classes.entries()) numberOf[label] = number;
  return {
    ...input,
    seed: { ...seed, data: seed.data.map((label) => numberOf[label]) },
    ...(drawn === undefined ? {} : { drawn: { ...drawn, data: drawn.data.map((label) => numberOf[label]) } }),
    boxes: boxes.map((box) => ({ ...box, class: numberOf[box.class] })),
    ...(maps === undefined ? {} : { maps: new Map([...maps].map(([label, map]) => [numberOf[label], map])) }),
    classes: classes.length,
  };
}

/** The label in the data set's own numbers. */
export function originalLabel(label: LabelMap, classes: ImageClasses): LabelMap {
  return { ...label, data: label.data.map((number) => classes[number]) };
}
