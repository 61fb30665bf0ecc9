/**
 * An image and its weak label made smaller, for the graph or for all of the work. What a click says travels a window a layer, about 70 pixels
 * in all: across most of a small picture, but only a little way into a photograph. Ours (docs/method.md, section 6.2);
 * the reference has its seeds from class activation maps, which cover the photograph.
 */

import type { ImageSize } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { CELL } from "../window/windowed-map";
import type { LabelInput } from "./label-image";

type Input = Pick<LabelInput, "image" | "seed" | "boxes" | "drawn" | "maps">;

/** The longest side at which an image has at most so many pixels; 0 where it has no more, and with 0. */
export function sideWithin({ width, height }: ImageSize, pixels: number): number {
  if (pixels === 0 || width * height <= pixels) return 0;
  return Math.floor(Math.max(width, height) * Math.sqrt(pixels / (width * height)));
}

/**
 * The same with a longest side of `side` pixels; as it is where it is no longer, and with 0. Sides are whole cells where they
 * can be: a padded grid's logits would be stretched over the photograph, and the label shifted.
 */
export function reducedInput({ image, seed, boxes, drawn, maps }: Input, side: number, ignore: number): Input {
  const size = reducedSize(image, side);
  if (size === undefined) return { image, seed, boxes, drawn, maps };
  const { width, height } = size;
  const columns = spans(image.width, width);
  const rows = spans(image.height, height);
  return {
    image: reducedImage(image, side),
    seed: { width, height, data: firstKnown(seed, columns, rows, ignore) },
    ...(drawn === undefined ? {} : { drawn: { width, height, data: firstKnown(drawn, columns, rows, ignore) } }),
    ...(maps === undefined
      ? {}
      : {
          maps: new Map(
            [...maps].map(([label, map]) => [
              label,
              meanValues(map, image.width, 1, columns, rows, new Float32Array(width * height)),
            ]),
          ),
        }),
    boxes: boxes.map((box) => ({
      ...box,
      xmin: Math.floor((box.xmin * width) / image.width),
      ymin: Math.floor((box.ymin * height) / image.height),
      xmax: Math.floor((box.xmax * width) / image.width),
      ymax: Math.floor((box.ymax * height) / image.height),
    })),
  };
}

/** The photograph alone, made as small. */
export function reducedImage(image: RgbImage, side: number): RgbImage {
  const size = reducedSize(image, side);
  if (size === undefined) return image;
  const { width, height } = size;
  const [columns, rows] = [spans(image.width, width), spans(image.height, height)];
  const data = meanValues(image.data, image.width, 3, columns, rows, new Uint8Array(3 * width * height));
  return { width, height, data };
}

/** A label of the same photograph, made as small. @param size of what `reducedImage` gives */
export function reducedLabel(label: LabelMap, { width, height }: ImageSize, ignore: number): LabelMap {
  const data = firstKnown(label, spans(label.width, width), spans(label.height, height), ignore);
  return { width, height, data };
}

/** Undefined where nothing is to be reduced. */
function reducedSize({ width, height }: ImageSize, side: number): ImageSize | undefined {
  const factor = side / Math.max(width, height);
  if (side === 0 || factor >= 1) return undefined;
  return { width: reducedSide(width, factor), height: reducedSide(height, factor) };
}

function reducedSide(long: number, factor: number): number {
  const cells = CELL * Math.round((long * factor) / CELL);
  return cells > 0 && cells <= long ? cells : Math.max(1, Math.round(long * factor));
}

/** Half-open. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The pixels of a side that each pixel of the shorter one stands for: no gaps, no overlaps. */
function spans(long: number, short: number): Span[] {
  return Array.from({ length: short }, (_, i) => ({
    from: Math.floor((i * long) / short),
    to: Math.floor(((i + 1) * long) / short),
  }));
}

function meanValues<T extends Uint8Array | Float32Array>(
  data: T,
  width: number,
  channels: number,
  columns: readonly Span[],
  rows: readonly Span[],
  out: T,
): T {
  const isBytes = out instanceof Uint8Array;
  for (const [y, row] of rows.entries())
    for (const [x, column] of columns.entries())
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let v = row.from; v < row.to; v++)
          for (let u = column.from; u < column.to; u++) sum += data[channels * (v * width + u) + c];
        const mean = sum / ((row.to - row.from) * (column.to - column.from));
        out[channels * (y * columns.length + x) + c] = isBytes ? Math.round(mean) : mean;
      }
  return out;
}

/** The first known label of each pixel's own, so that no click gets lost. */
function firstKnown(
  { width, data }: LabelMap,
  columns: readonly Span[],
  rows: readonly Span[],
  ignore: number,
): Uint8Array {
  const small = new Uint8Array(columns.length * rows.length).fill(ignore);
  for (const [y, row] of rows.entries())
    for (const [x, column] of columns.entries()) {
      const at = y * columns.length + x;
      for (let v = row.from; v < row.to && small[at] === ignore; v++)
        for (let u = column.from; u < column.to && small[at] === ignore; u++) small[at] = data[v * width + u];
    }
  return small;
}
