/** The goldens are NCHW, the library is NHWC with windowed arrays [n, d·d]: both ways. */

import assert from "node:assert/strict";
import type { NdArray } from "../src/nd-array";
import type { WindowedMap } from "../src/window/windowed-map";

/** [1, c, h, w] → rows [h·w, c]. */
export function nchwToRows({ shape, data }: NdArray<Float32Array>): NdArray<Float32Array> {
  const [channels, height, width] = shape.slice(-3);
  assert.equal(data.length, channels * height * width, "batch of 1");
  const n = height * width;
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) for (let i = 0; i < n; i++) out[i * channels + c] = data[c * n + i];
  return { shape: [n, channels], data: out };
}

/** Rows [h·w, c] → the NCHW shape given. */
export function rowsToNchw(rows: ArrayLike<number>, shape: readonly number[]): NdArray<Float32Array> {
  const [channels, height, width] = shape.slice(-3);
  const n = height * width;
  const out = new Float32Array(rows.length);
  for (let c = 0; c < channels; c++) for (let i = 0; i < n; i++) out[c * n + i] = rows[i * channels + c];
  return { shape, data: out };
}

/** Windowed [n, d·d] → [d, d, h, w]. */
export function windowToNchw({ values, height, width, radius }: WindowedMap): NdArray<Float32Array> {
  const d = 2 * radius + 1;
  return { shape: [d, d, height, width], data: rowsToNchw(values, [d * d, height, width]).data };
}

/** [1, d, d, h, w] → windowed [n, d·d]. */
export function nchwToWindow({ shape, data }: NdArray<Float32Array>): WindowedMap {
  const [d, , height, width] = shape.slice(-4);
  return {
    values: nchwToRows({ shape: [d * d, height, width], data }).data,
    height,
    width,
    radius: (d - 1) / 2,
  };
}

/** A dense N×N matrix whose rows hold a window: its map and windowed form. The geometry is the one that makes the mask. */
export function denseToWindow(dense: Float32Array, mask: Float32Array): WindowedMap {
  const n = Math.sqrt(mask.length);
  const { height, width, radius } = geometryOf(mask, n);
  const d = 2 * radius + 1;
  const values = new Float32Array(n * d * d);
  for (let i = 0; i < n; i++) {
    for (let o = 0; o < d * d; o++) {
      const y = Math.floor(i / width) + Math.floor(o / d) - radius;
      const x = (i % width) + (o % d) - radius;
      if (y >= 0 && x >= 0 && y < height && x < width) values[i * d * d + o] = dense[i * n + y * width + x];
    }
  }
  return { values, height, width, radius };
}

/** Several may make the same mask, where windows cover the map: any of them will do. */
function geometryOf(mask: Float32Array, n: number): { height: number; width: number; radius: number } {
  for (let width = 1; width <= n; width++) {
    if (n % width !== 0) continue;
    const height = n / width;
    for (let radius = 1; radius <= Math.max(1, width - 1, height - 1); radius++)
      if (isWindowMask(mask, height, width, radius)) return { height, width, radius };
  }
  return assert.fail("the mask is a window around every node");
}

function isWindowMask(mask: Float32Array, height: number, width: number, radius: number): boolean {
  const n = height * width;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const dy = Math.abs(Math.floor(i / width) - Math.floor(j / width));
      const dx = Math.abs((i % width) - (j % width));
      if ((mask[i * n + j] !== 0) !== (dy <= radius && dx <= radius)) return false;
    }
  }
  return true;
}

/** Windowed [n, d·d] → dense [n, n]. */
export function windowToDense({ values, height, width, radius }: WindowedMap): NdArray<Float32Array> {
  const n = height * width;
  const d = 2 * radius + 1;
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let o = 0; o < d * d; o++) {
      const y = Math.floor(i / width) + Math.floor(o / d) - radius;
      const x = (i % width) + (o % d) - radius;
      if (y >= 0 && x >= 0 && y < height && x < width) data[i * n + y * width + x] = values[i * d * d + o];
    }
  }
  return { shape: [n, n], data };
}
