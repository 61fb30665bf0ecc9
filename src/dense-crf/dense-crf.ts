/**
 * The fully connected CRF (Krähenbühl and Koltun 2011) that sharpens class probabilities along an image's edges: a
 * Gaussian kernel over positions, a bilateral one over positions and colours, Potts compatibilities, mean field.
 * docs/method.md, sections 1.2 and 3.8; the same numbers as lucasb-eyer/pydensecrf with its default symmetric
 * normalisation.
 */

import { expected } from "../errors";
import { simdAvailable } from "../wasm/memory";
import { meanField, type PairwiseKernel } from "./mean-field";
import { meanFieldSimd } from "./mean-field-simd";
import { buildLattice, type Lattice } from "./permutohedral";
import { buildLatticeSimd } from "./permutohedral-simd";
import { findSimplices, GROUP } from "./simplex";

export interface DenseCrfOptions {
  /** Mean-field steps; 0 gives the clipped and normalised probabilities. */
  readonly iterations: number;
  /** Smoothness: standard deviation in pixels, and Potts weight. Without it the kernel is left out. */
  readonly gaussian?: { readonly sxy: number; readonly compat: number };
  /** Appearance: standard deviations in pixels and in grey levels (0 … 255), and Potts weight. */
  readonly bilateral?: { readonly sxy: number; readonly srgb: number; readonly compat: number };
  /** `simd` (WebAssembly, the default where the processor has it) or `plain` (the same in TypeScript, slow). */
  readonly engine?: "simd" | "plain";
}

/** Pixels are handled tile by tile, so that those near each other in the image are so in memory. */
const TILE = 32;

/**
 * Class probabilities sharpened along the edges of an image.
 * @param rgb [height, width, 3]
 * @param probabilities [height · width, classes], any number of classes; clipped to [1e-5, 1]
 * @returns [height · width, classes]; rows sum to 1
 */
export function denseCrf(
  rgb: Uint8Array,
  width: number,
  height: number,
  probabilities: Float32Array,
  options: DenseCrfOptions,
): Float32Array {
  checkInput(rgb, width, height, probabilities, options);
  const order = tileOrder(width, height);
  const simd = options.engine === undefined ? simdAvailable() : options.engine === "simd";
  const kernels = pairwiseKernels(rgb, width, order, options, simd ? buildLatticeSimd : buildLatticePlain);
  return (simd ? meanFieldSimd : meanField)(probabilities, order, kernels, options.iterations);
}

/**
 * The most probable class of each pixel; of equal ones the first.
 * @param probabilities [pixels, classes], at most 256 classes
 */
export function mostProbableClass(probabilities: Float32Array, classes: number): Uint8Array {
  const labels = new Uint8Array(probabilities.length / classes);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[pixel * classes + c] > probabilities[pixel * classes + best]) best = c;
    }
    labels[pixel] = best;
  }
  return labels;
}

function pairwiseKernels(
  rgb: Uint8Array,
  width: number,
  order: Int32Array,
  { gaussian, bilateral }: DenseCrfOptions,
  build: typeof buildLatticeSimd,
): PairwiseKernel[] {
  const used = order.length;
  const points = Math.ceil(used / GROUP) * GROUP;
  const positions = (features: Float32Array, sxy: number): void => {
    for (let point = 0; point < used; point++) {
      features[point] = (order[point] % width) / sxy;
      features[points + point] = Math.floor(order[point] / width) / sxy;
    }
  };
  const kernels: PairwiseKernel[] = [];
  if (gaussian !== undefined) {
    const lattice = build(points, used, 2, (features) => positions(features, Math.fround(gaussian.sxy)));
    kernels.push({ lattice, compat: gaussian.compat });
  }
  if (bilateral !== undefined) {
    const lattice = build(points, used, 5, (features) => {
      positions(features, Math.fround(bilateral.sxy));
      const srgb = Math.fround(bilateral.srgb);
      for (let channel = 0; channel < 3; channel++) {
        const begin = (2 + channel) * points;
        for (let point = 0; point < used; point++) features[begin + point] = rgb[order[point] * 3 + channel] / srgb;
      }
    });
    kernels.push({ lattice, compat: bilateral.compat });
  }
  return kernels;
}

function buildLatticePlain(
  points: number,
  used: number,
  dimension: number,
  fill: (features: Float32Array) => void,
): Lattice {
  const features = new Float32Array(dimension * points);
  fill(features);
  return buildLattice(findSimplices(features, dimension), used);
}

/** Pixels (row-major) in the order in which they are handled. */
function tileOrder(width: number, height: number): Int32Array {
  const order = new Int32Array(width * height);
  let count = 0;
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      for (let y = top; y < Math.min(top + TILE, height); y++) {
        for (let x = left; x < Math.min(left + TILE, width); x++) order[count++] = y * width + x;
      }
    }
  }
  return order;
}

function checkInput(
  rgb: Uint8Array,
  width: number,
  height: number,
  probabilities: Float32Array,
  { iterations, gaussian, bilateral }: DenseCrfOptions,
): void {
  const pixels = width * height;
  const fail = (wanted: string, got: string): never => {
    throw expected("input", wanted, got, `dense CRF of an image of ${width}×${height} pixels`);
  };
  if (!Number.isInteger(width) || !Number.isInteger(height) || pixels < 1) fail("at least one pixel", `${pixels}`);
  if (rgb.length !== pixels * 3) fail(`${pixels * 3} bytes of RGB`, `${rgb.length}`);
  if (probabilities.length < pixels || probabilities.length % pixels !== 0) {
    fail(`probabilities of ${pixels} pixels`, `${probabilities.length} values`);
  }
  if (!allFinite(probabilities)) fail("finite probabilities", "NaN or infinity");
  if (!Number.isInteger(iterations) || iterations < 0) fail("iterations ≥ 0", `${iterations}`);
  for (const deviation of [gaussian?.sxy, bilateral?.sxy, bilateral?.srgb]) {
    if (deviation !== undefined && !(deviation > 0)) fail("positive standard deviations", `${deviation}`);
  }
  for (const compat of [gaussian?.compat, bilateral?.compat]) {
    if (compat !== undefined && !Number.isFinite(compat)) fail("a finite compatibility", `${compat}`);
  }
}

function allFinite(values: Float32Array): boolean {
  let sum = 0; // stays 0 until a NaN comes in, as 0 · ∞ is one too
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  return sum === 0;
}
