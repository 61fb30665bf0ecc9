/** Pictures of what the method computes, all as plain RGB: labels, overlays, boxes, heat maps, superpixels. */

import { decode } from "fast-png";
import type { Colour, DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { vocPalette } from "../data/voc";
import type { Box } from "../data/voc-boxes";
import { expected } from "../errors";
import { heatColour } from "./heat-scale";
import { type OverlayOptions, renderOverlay } from "./overlay";

/** A label in its classes' colours, unknown pixels light grey. */
export function labelPicture({ width, height, data }: LabelMap, dataset: DatasetDescription): RgbImage {
  const colours = vocPalette(256).map((colour, value): Colour => dataset.palette[value] ?? colour);
  const picture = new Uint8Array(width * height * 3);
  data.forEach((value, i) => {
    picture.set(value === dataset.ignore ? [222, 222, 218] : colours[value], 3 * i);
  });
  return { width, height, data: picture };
}

/** A label over its photograph, outlined, with a legend of the classes that occur. */
export function overlayPicture(
  image: RgbImage,
  label: LabelMap,
  dataset: DatasetDescription,
  options: OverlayOptions = {},
): RgbImage {
  const { width, height, data } = decode(renderOverlay(image, label, dataset, options));
  return { width, height, data: Uint8Array.from(data) };
}

/** The photograph with boxes drawn in their classes' colours, two pixels wide. */
export function boxPicture(image: RgbImage, boxes: readonly Box[], dataset: DatasetDescription): RgbImage {
  const data = image.data.slice();
  const paint = (x: number, y: number, colour: Colour): void => {
    if (x >= 0 && y >= 0 && x < image.width && y < image.height) data.set(colour, 3 * (y * image.width + x));
  };
  for (const box of boxes) {
    const colour = dataset.palette[box.class] ?? [255, 255, 255];
    for (let x = box.xmin; x <= box.xmax; x++)
      for (const y of [box.ymin, box.ymin + 1, box.ymax - 1, box.ymax]) paint(x, y, colour);
    for (let y = box.ymin; y <= box.ymax; y++)
      for (const x of [box.xmin, box.xmin + 1, box.xmax - 1, box.xmax]) paint(x, y, colour);
  }
  return { ...image, data };
}

export interface HeatOptions {
  /** Value drawn in the darkest colour; default: the smallest. */
  readonly low?: number;
  /** Value drawn in the brightest colour; default: the largest. */
  readonly high?: number;
  /** Pixels each value is drawn with, down and across. Default 1. */
  readonly cell?: number;
}

/** A map of numbers as colours. @param values row-major [height·width] */
export function heatPicture(
  values: ArrayLike<number>,
  size: { readonly width: number; readonly height: number },
  { low, high, cell = 1 }: HeatOptions = {},
): RgbImage {
  const { width, height } = size;
  if (values.length !== width * height)
    throw expected("input", `${width * height} values`, `${values.length}`, "heatPicture");
  const all = Float64Array.from(values);
  const [from, to] = [low ?? all.reduce((a, b) => Math.min(a, b)), high ?? all.reduce((a, b) => Math.max(a, b))];
  const data = new Uint8Array(width * height * cell * cell * 3);
  for (let y = 0; y < height * cell; y++)
    for (let x = 0; x < width * cell; x++) {
      const value = all[Math.floor(y / cell) * width + Math.floor(x / cell)];
      data.set(heatColour(to > from ? (value - from) / (to - from) : 0), 3 * (y * width * cell + x));
    }
  return { width: width * cell, height: height * cell, data };
}

/** The photograph under maps in 0…1, one a class: the stronger, the more of the class's colour. */
export function camPicture(
  image: RgbImage,
  maps: ReadonlyMap<number, Float32Array>,
  dataset: DatasetDescription,
): RgbImage {
  const data = image.data.map((value, i) => {
    let mixed = 0.7 * value;
    for (const [label, map] of maps) {
      const cover = 0.85 * Math.min(1, Math.max(0, map[Math.floor(i / 3)]));
      mixed = mixed * (1 - cover) + (dataset.palette[label]?.[i % 3] ?? 255) * cover;
    }
    return Math.round(mixed);
  });
  return { ...image, data };
}

/** The photograph with the borders between segments (superpixels, say) in white. @param ids segment of each pixel */
export function segmentPicture(image: RgbImage, ids: ArrayLike<number>): RgbImage {
  const { width, height } = image;
  const data = image.data.slice();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const border = (x + 1 < width && ids[i + 1] !== ids[i]) || (y + 1 < height && ids[i + width] !== ids[i]);
      if (border) data.set([255, 255, 255], 3 * i);
    }
  return { width, height, data };
}
