/**
 * Many steps of a random walk on windowed transition weights: v ← v·T. Four maps walk side by side, each weight read once for
 * all of them: as vectors of four floats in WebAssembly SIMD where there is any, else the same in TypeScript.
 */

import { planMemory, simdAvailable, VECTOR, WORD } from "../wasm/memory";
import type { WindowedMap, WindowGrid } from "../window/windowed-map";
import { walkKernel } from "./walk-kernel";

/** Maps side by side. */
const LANES = 4;

/** A map widened by r on every side, so that the inner loop needs no bounds. */
interface Field extends WindowGrid {
  /** Cells of a widened row. */
  readonly stride: number;
  /** Index of the map's first cell. */
  readonly inner: number;
}

/**
 * v ← v·T, `steps` times, for each map [n].
 * @param transition from `transitionWeights`
 * @param engine default: `simd` where the processor has it
 */
export function walk(
  maps: readonly Float32Array[],
  transition: WindowedMap,
  steps: number,
  engine: "simd" | "plain" = simdAvailable() ? "simd" : "plain",
): Float32Array[] {
  const { height, width, radius } = transition;
  const stride = width + 2 * radius;
  const field = { height, width, radius, stride, inner: radius * (stride + 1) };
  const walkTogether = engine === "simd" ? walkSimd : walkPlain;
  const walked: Float32Array[] = [];
  for (let first = 0; first < maps.length; first += LANES) {
    const some = maps.slice(first, first + LANES);
    const end = walkTogether(sideBySide(some, field), transition.values, field, steps);
    walked.push(...some.map((_, lane) => laneOf(end, lane, field)));
  }
  return walked;
}

function walkSimd(start: Float32Array, transition: Float32Array, field: Field, steps: number): Float32Array {
  const { height, width, radius, stride, inner } = field;
  const plan = planMemory();
  const weights = plan.reserve(transition.byteLength);
  let from = plan.reserve(start.byteLength);
  let to = plan.reserve(start.byteLength);
  const buffer = plan.claim();
  new Float32Array(buffer, weights, transition.length).set(transition);
  new Float32Array(buffer, from, start.length).set(start);
  new Float32Array(buffer, to, start.length).fill(0);
  const { stepRow } = walkKernel(radius, stride);
  const weightsOfRow = width * (2 * radius + 1) ** 2 * WORD;
  for (let step = 0; step < steps; step++) {
    for (let y = 0; y < height; y++) {
      const target = to + (inner + y * stride) * VECTOR;
      stepRow(target, target + width * VECTOR, from + y * stride * VECTOR, weights + y * weightsOfRow);
    }
    [from, to] = [to, from];
  }
  return new Float32Array(buffer, from, start.length).slice();
}

function walkPlain(start: Float32Array, transition: Float32Array, field: Field, steps: number): Float32Array {
  const { height, width, radius, stride, inner } = field;
  const d = 2 * radius + 1;
  let from = start;
  let to: Float32Array = new Float32Array(start.length);
  const sums = new Float64Array(LANES);
  for (let step = 0; step < steps; step++) {
    let t = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        sums.fill(0);
        for (let wy = 0; wy < d; wy++) {
          for (let wx = 0, at = ((y + wy) * stride + x) * LANES; wx < d; wx++, t++)
            for (let lane = 0; lane < LANES; lane++, at++) sums[lane] += from[at] * transition[t];
        }
        to.set(sums, (inner + y * stride + x) * LANES);
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** At most four maps [n] as [h + 2r, w + 2r, 4], zeros around them. */
function sideBySide(maps: readonly Float32Array[], { height, width, radius, stride, inner }: Field): Float32Array {
  const out = new Float32Array((height + 2 * radius) * stride * LANES);
  maps.forEach((map, lane) => {
    for (let y = 0, node = 0; y < height; y++)
      for (let x = 0; x < width; x++, node++) out[(inner + y * stride + x) * LANES + lane] = map[node];
  });
  return out;
}

function laneOf(values: Float32Array, lane: number, { height, width, stride, inner }: Field): Float32Array {
  const map = new Float32Array(height * width);
  for (let y = 0, node = 0; y < height; y++)
    for (let x = 0; x < width; x++, node++) map[node] = values[(inner + y * stride + x) * LANES + lane];
  return map;
}
