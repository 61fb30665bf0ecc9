/**
 * The fully connected CRF (Krähenbühl and Koltun 2011) that sharpens class probabilities along an image's edges: a
 * Gaussian kernel over positions, a bilateral one over positions and colours, Potts compatibilities, mean field.
 * docs/method.md, sections 1.2 and 3.8; the same numbers as lucasb-eyer/pydensecrf with its default symmetric
 * normalisation.
 */

import { expected } from "../errors";
import { simdAvailable } from "../wasm/memory";
import { DENSE_CRF_DEFAULTS, type DenseCrfOptions } from "./dense-crf-options";
import { meanField, type PairwiseKernel } from "./mean-field";
import { meanFieldSimd } from "./mean-field-simd";
import { buildLattice, type Lattice } from "./permutohedral";
import { buildLatticeSimd } from "./permutohedral-simd";
import { withSecondThread } from "./second-thread";
import { findSimplices, GROUP } from "./simplex";

/** Pixels are handled tile by tile, so that neighbours in the image are neighbours in memory. */
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
  given: DenseCrfOptions = {},
): Float32Array {
  return prepareDenseCrf(rgb, width, height, given)(probabilities);
}

/** Sharpens probabilities of one image: [height · width, classes] → the same. @param iterations in place of those prepared for */
export type PreparedCrf = (probabilities: Float32Array, iterations?: number) => Float32Array;

/** Everything that depends on the image alone: it takes as long as five iterations, and serves for any number of calls. */
export function prepareDenseCrf(
  rgb: Uint8Array,
  width: number,
  height: number,
  given: DenseCrfOptions = {},
): PreparedCrf {
  const options = completeOptions(given);
  checkImage(rgb, width, height, options);
  const order = tileOrder(width, height);
  const simd = options.engine === undefined ? simdAvailable() : options.engine === "simd";
  const kernels = pairwiseKernels(rgb, width, order, options, simd ? buildLatticeSimd : buildLatticePlain);
  return (probabilities, iterations = options.iterations) => {
    checkProbabilities(probabilities, width, height, iterations);
    if (!simd) return meanField(probabilities, order, kernels, iterations);
    return meanFieldSimd(
      probabilities,
      order,
      kernels,
      iterations,
      options.threads === 2 ? withSecondThread : undefined,
    );
  };
}

/**
 * The most probable class of each pixel; where several are equal, the first.
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

/** The options with the defaults of those that are absent or undefined. */
function completeOptions({
  iterations = DENSE_CRF_DEFAULTS.iterations,
  gaussian = DENSE_CRF_DEFAULTS.gaussian,
  bilateral = DENSE_CRF_DEFAULTS.bilateral,
  threads = 1,
  engine,
}: DenseCrfOptions): CompleteOptions {
  return { iterations, gaussian, bilateral, threads, ...(engine === undefined ? {} : { engine }) };
}

type CompleteOptions = DenseCrfOptions & Required<Omit<DenseCrfOptions, "engine">>;

function pairwiseKernels(
  rgb: Uint8Array,
  width: number,
  order: Int32Array,
  { gaussian, bilateral }: CompleteOptions,
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
  if (gaussian !== false) {
    const lattice = build(points, used, 2, (features) => positions(features, Math.fround(gaussian.sxy)));
    kernels.push({ lattice, compat: gaussian.compat });
  }
  if (bilateral !== false) {
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

function checkImage(rgb: Uint8Array, width: number, height: number, { gaussian, bilateral }: CompleteOptions): void {
  const pixels = width * height;
  if (!Number.isInteger(width) || !Number.isInteger(height) || pixels < 1)
    refuse("at least one pixel", `${pixels}`, width, height);
  if (rgb.length !== pixels * 3) refuse(`${pixels * 3} bytes of RGB`, `${rgb.length}`, width, height);
  const deviations = [...(gaussian ? [gaussian.sxy] : []), ...(bilateral ? [bilateral.sxy, bilateral.srgb] : [])];
  for (const deviation of deviations)
    if (!(deviation > 0)) refuse("positive standard deviations", `${deviation}`, width, height);
  for (const kernel of [gaussian, bilateral])
    if (kernel && !Number.isFinite(kernel.compat)) refuse("a finite compatibility", `${kernel.compat}`, width, height);
}

function checkProbabilities(probabilities: Float32Array, width: number, height: number, iterations: number): void {
  const pixels = width * height;
  if (probabilities.length < pixels || probabilities.length % pixels !== 0)
    refuse(`probabilities of ${pixels} pixels`, `${probabilities.length} values`, width, height);
  if (!allFinite(probabilities)) refuse("finite probabilities", "NaN or infinity", width, height);
  if (!Number.isInteger(iterations) || iterations < 0) refuse("iterations ≥ 0", `${iterations}`, width, height);
}

function refuse(wanted: string, got: string, width: number, height: number): never {
  throw expected("input", wanted, got, `dense CRF of an image of ${width}×${height} pixels`);
}

function allFinite(values: Float32Array): boolean {
  let sum = 0; // stays 0 until a NaN appears; 0 · ∞ is NaN too
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  return sum === 0;
}
