/**
 * From the graph of one image and its seed label to class probabilities per pixel (docs/method.md, section 3.6;
 * reference train_infer_A2GNN_*.py, the per-image loop up to the dense CRF): pad, train the graph network, upsample,
 * add the random walk.
 */

import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { Box } from "../data/voc-boxes";
import { expected } from "../errors";
import { type FitResult, fitGraph, upsampleProbabilities } from "../graph/fit";
import type { FitOptions } from "../graph/fit-options";
import type { ImageGraph } from "../graph/image-graph";
import { addWalk, type ClassMaps, randomWalk, type WalkOptions } from "../graph/random-walk";
import { COLOUR_DEVIATION, COLOUR_MEAN } from "../image-ops/normalise";

export interface LabelInput {
  readonly image: RgbImage;
  readonly graph: ImageGraph;
  /** Un-padded seed label of the image's size. */
  readonly seed: LabelMap;
  readonly boxes: readonly Box[];
  /** Pixels that a person drew, among the seeds; `ignore` elsewhere. */
  readonly drawn?: LabelMap;
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
  { image, graph, seed, classes, ignore, boxes, drawn }: LabelInput,
  options: FitOptions & Pick<LabelOptions, "seedPadding">,
  onStep?: (step: number, loss: number) => void,
): Promise<FitResult> {
  const grid = [graph.height, graph.width] as const;
  if (grid[0] !== Math.ceil(image.height / graph.stride) || grid[1] !== Math.ceil(image.width / graph.stride))
    throw expected(
      "input",
      `${Math.ceil(image.height / graph.stride)}×${Math.ceil(image.width / graph.stride)} cells`,
      `${grid[0]}×${grid[1]}`,
      `graph of an image of ${image.width}×${image.height} pixels`,
    );
  const padded = padSeed(seed, graph, options.seedPadding);
  const colour = gridColour(image, graph);
  // Where strokes and clicks are all that is known, the seeds' own term already says it.
  const corrections =
    drawn?.data.some((label) => label !== ignore) && seed.data.some((label, i) => label !== drawn.data[i])
      ? { drawn: padSeed(drawn, graph, ignore) }
      : {};
  return fitGraph({ graph, classes, ignore, seed: padded, boxes, colour, ...corrections }, options, onStep);
}

/** The second half: the logits of the grid, [n, K], at the image's size, and the random walk. */
export function labelFromLogits(
  { image, graph, classes, maps }: LabelInput,
  logits: Float32Array,
  { logitResize, walk }: Pick<LabelOptions, "logitResize" | "walk">,
): Omit<LabelResult, "fit"> {
  const { stride } = graph;
  const grid = [graph.height, graph.width] as const;
  const probabilities =
    logitResize === "crop"
      ? cropRows(
          upsampleProbabilities(logits, grid, [grid[0] * stride, grid[1] * stride]),
          grid[1] * stride,
          image,
          classes,
        )
      : upsampleProbabilities(logits, grid, [image.height, image.width]);
  if (walk === undefined || maps === undefined) return { probabilities };
  const walked = randomWalk(graph, maps, classes, image, walk);
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

/** Cells and pixels of a graph. */
type Grid = Pick<ImageGraph, "height" | "width" | "stride">;

/** The seed on the padded map, [stride·h, stride·w]. */
export function padSeed(seed: LabelMap, { height, width, stride }: Grid, padding: number): Uint8Array {
  const out = new Uint8Array(height * width * stride ** 2).fill(padding);
  for (let y = 0; y < seed.height; y++)
    out.set(seed.data.subarray(y * seed.width, (y + 1) * seed.width), y * width * stride);
  return out;
}

/**
 * The normalised, padded image resized bilinearly to the grid, [n·3]: each cell is the mean of its central pixels, four of them
 * where the stride is even; padding is 0 after normalising.
 */
export function gridColour(image: RgbImage, { height, width, stride }: Grid): Float32Array {
  const out = new Float32Array(height * width * 3);
  const central = [...new Set([Math.floor((stride - 1) / 2), Math.floor(stride / 2)])];
  const share = central.length ** 2;
  for (let cell = 0; cell < height * width; cell++)
    for (const dy of central)
      for (const dx of central) {
        const y = Math.floor(cell / width) * stride + dy;
        const x = (cell % width) * stride + dx;
        if (y >= image.height || x >= image.width) continue;
        for (let c = 0; c < 3; c++) {
          const value = image.data[(y * image.width + x) * 3 + c];
          out[cell * 3 + c] += (value / 255 - COLOUR_MEAN[c]) / COLOUR_DEVIATION[c] / share;
        }
      }
  return out;
}
