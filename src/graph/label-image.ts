/**
 * From the graph of one image and its seed label to class probabilities per pixel (docs/method.md, section 3.6;
 * reference train_infer_A2GNN_*.py, the per-image loop up to the dense CRF): pad, train the graph network, upsample,
 * add the random walk.
 */

import { NORMALISE_MEAN, NORMALISE_STD } from "../data/colour-statistics";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { Box } from "../data/voc-boxes";
import { expected } from "../errors";
import { type FitResult, fitGraph, upsampleProbabilities } from "./fit";
import type { FitOptions } from "./fit-options";
import type { ImageGraph } from "./image-graph";
import { addWalk, type ClassMaps, randomWalk, type WalkOptions } from "./random-walk";

export interface LabelInput {
  readonly image: RgbImage;
  readonly graph: ImageGraph;
  /** Un-padded seed label of the image's size. */
  readonly seed: LabelMap;
  readonly boxes: readonly Box[];
  /** Class activation maps of the random walk, at the image's size. */
  readonly maps?: ClassMaps;
  readonly classes: number;
  readonly ignore: number;
}

export interface LabelOptions extends FitOptions {
  /** Label of the padding on the right and bottom: the ignore value for boxes, 0 for others in the reference. */
  readonly seedPadding: number;
  /**
   * "direct", as the reference: logits of the padded grid straight to the image's size, a slight stretch wherever there
   * is padding. "crop": to the padded size, then cut. Default "direct".
   */
  readonly logitResize?: "direct" | "crop";
  /** Absent: no random walk. */
  readonly walk?: WalkOptions & { readonly weight: number };
}

export interface LabelResult {
  /** What the dense CRF starts from, [H·W, K]. */
  readonly probabilities: Float32Array;
  readonly fit: FitResult;
  /** Random-walk scores [H·W, K], where there was a walk. */
  readonly walked?: Float32Array;
}

export async function labelImage(
  input: LabelInput,
  options: LabelOptions,
  onStep?: (step: number, loss: number) => void,
): Promise<LabelResult> {
  const fit = await fitImage(input, options, onStep);
  return { ...labelFromLogits(input, fit.logits, options), fit };
}

/** The first half of `labelImage`: trains the graph network, which takes nearly all of the time. */
export async function fitImage(
  { image, graph, seed, classes, ignore, boxes }: LabelInput,
  options: FitOptions & Pick<LabelOptions, "seedPadding">,
  onStep?: (step: number, loss: number) => void,
): Promise<FitResult> {
  const grid = [graph.height, graph.width] as const;
  if (grid[0] !== Math.ceil(image.height / 8) || grid[1] !== Math.ceil(image.width / 8))
    throw expected(
      "input",
      `${Math.ceil(image.height / 8)}×${Math.ceil(image.width / 8)} cells`,
      `${grid[0]}×${grid[1]}`,
      `graph of an image of ${image.width}×${image.height} pixels`,
    );
  const padded = padSeed(seed, grid, options.seedPadding);
  const colour = gridColour(image, grid);
  return fitGraph({ graph, classes, ignore, seed: padded, boxes, colour }, options, onStep);
}

/** The second half: the logits of the grid, [n, K], at the image's size, and the random walk. */
export function labelFromLogits(
  { image, graph, classes, maps }: LabelInput,
  logits: Float32Array,
  { logitResize, walk }: Pick<LabelOptions, "logitResize" | "walk">,
): Omit<LabelResult, "fit"> {
  const grid = [graph.height, graph.width] as const;
  const probabilities =
    logitResize === "crop"
      ? cropRows(upsampleProbabilities(logits, grid, [grid[0] * 8, grid[1] * 8]), grid[1] * 8, image, classes)
      : upsampleProbabilities(logits, grid, [image.height, image.width]);
  if (walk === undefined || maps === undefined) return { probabilities };
  const geometry = {
    height: graph.height,
    width: graph.width,
    radius: graph.radius,
    imageHeight: image.height,
    imageWidth: image.width,
  };
  const walked = randomWalk(graph.affinity, maps, classes, geometry, walk);
  addWalk(probabilities, walked, classes, walk.weight);
  return { probabilities, walked };
}

/** The upper left of a map [·, width, k] at the image's size. */
function cropRows(map: Float32Array, width: number, image: RgbImage, k: number): Float32Array {
  const out = new Float32Array(image.height * image.width * k);
  const row = image.width * k;
  for (let y = 0; y < image.height; y++) out.set(map.subarray(y * width * k, y * width * k + row), y * row);
  return out;
}

/** The seed on the padded map [8·h, 8·w]. */
export function padSeed(seed: LabelMap, [h, w]: readonly [number, number], padding: number): Uint8Array {
  const out = new Uint8Array(h * w * 64).fill(padding);
  for (let y = 0; y < seed.height; y++) out.set(seed.data.subarray(y * seed.width, (y + 1) * seed.width), y * w * 8);
  return out;
}

/**
 * The normalised, padded image resized bilinearly to the grid, [n·3]: at a scale of 8 each cell is the mean of its four
 * central pixels; padding is 0 after normalising.
 */
export function gridColour(image: RgbImage, [h, w]: readonly [number, number]): Float32Array {
  const out = new Float32Array(h * w * 3);
  for (let cell = 0; cell < h * w; cell++) {
    const top = Math.floor(cell / w) * 8 + 3;
    const left = (cell % w) * 8 + 3;
    for (const [y, x] of [
      [top, left],
      [top, left + 1],
      [top + 1, left],
      [top + 1, left + 1],
    ]) {
      if (y >= image.height || x >= image.width) continue;
      for (let c = 0; c < 3; c++) {
        const value = image.data[(y * image.width + x) * 3 + c];
        out[cell * 3 + c] += (value / 255 - NORMALISE_MEAN[c]) / NORMALISE_STD[c] / 4;
      }
    }
  }
  return out;
}
