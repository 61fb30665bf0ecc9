/** Pictures of what the method computes, all as plain RGB: labels, overlays, boxes, heat maps, superpixels. */

import type { Colour, DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { vocPalette } from "../data/voc";
import type { Box } from "../data/voc-boxes";
import { expected } from "../errors";
import { heatColour } from "./heat-scale";

/** A label in its classes' colours, unknown pixels light grey. */
export function labelPicture({ width, height, data }: LabelMap, dataset: DatasetDescription): RgbImage {
  const colours = vocPalette(256).map((colour, value): Colour => dataset.palette[value] ?? colour);
  const picture = new Uint8Array(width * height * 3);
  data.forEach((value, i) => {
    picture.set(value === dataset.ignore ? [222, 222, 218] : colours[value], 3 * i);
  });
  return { width, height, data: picture };
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

/** A cell of the graph: `x` across, `y` down. */
export interface MarkedCell {
  readonly x: number;
  readonly y: number;
}

/** A picture with cells framed in white and black, so that it is seen which part of the photograph they are. */
export function cellPicture(image: RgbImage, cells: readonly MarkedCell[], stride = 8): RgbImage {
  const data = image.data.slice();
  const frame = (left: number, top: number, side: number, colour: Colour): void => {
    for (let i = 0; i < side; i++)
      for (const [x, y] of [
        [left + i, top],
        [left + i, top + side - 1],
        [left, top + i],
        [left + side - 1, top + i],
      ])
        if (x >= 0 && y >= 0 && x < image.width && y < image.height) data.set(colour, 3 * (y * image.width + x));
  };
  for (const { x, y } of cells) {
    frame(x * stride - 1, y * stride - 1, stride + 2, [0, 0, 0]);
    frame(x * stride, y * stride, stride, [255, 255, 255]);
  }
  return { ...image, data };
}

/** A picture with points in their classes' colours, ringed in white: those of the multi-point loss, or clicks. */
export function pointPicture(
  image: RgbImage,
  points: readonly { readonly x: number; readonly y: number; readonly class: number }[],
  dataset: DatasetDescription,
): RgbImage {
  const data = image.data.slice();
  const paint = (x: number, y: number, colour: Colour): void => {
    if (x >= 0 && y >= 0 && x < image.width && y < image.height) data.set(colour, 3 * (y * image.width + x));
  };
  for (const { x, y } of points)
    for (const [dx, dy] of [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ])
      paint(x + dx, y + dy, [255, 255, 255]);
  for (const { x, y, class: label } of points) paint(x, y, dataset.palette[label] ?? [226, 38, 60]);
  return { ...image, data };
}

/**
 * A map of the graph's cells over the photograph: the brighter its colour, the higher the value; cells of 0 or less show
 * the photograph in grey. @param values row-major, a value a cell
 */
export function heatOverPicture(
  image: RgbImage,
  values: ArrayLike<number>,
  grid: { readonly width: number; readonly height: number },
  { high, cell = 8 }: Pick<HeatOptions, "high" | "cell"> = {},
): RgbImage {
  if (values.length !== grid.width * grid.height)
    throw expected("input", `${grid.width * grid.height} values`, `${values.length}`, "heatOverPicture");
  const top = high ?? Float64Array.from(values).reduce((a, b) => Math.max(a, b), 0);
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < image.width; x++) {
      const i = 3 * (y * image.width + x);
      const grey = 0.3 * image.data[i] + 0.59 * image.data[i + 1] + 0.11 * image.data[i + 2];
      const value = values[Math.floor(y / cell) * grid.width + Math.floor(x / cell)] ?? 0;
      const colour = heatColour(top > 0 ? value / top : 0);
      data.set(value > 0 ? colour.map((c) => Math.round(0.75 * c + 0.25 * grey)) : [grey, grey, grey], i);
    }
  return { ...image, data };
}
