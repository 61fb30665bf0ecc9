/** sRGB to CIE L*a*b* (D65): equal distances look about equally different, whatever the brightness. */

import type { RgbImage } from "../data/image";

/** Three planes [height·width] each: L* 0…100, a* and b* about −100…100. */
export interface LabImage {
  readonly width: number;
  readonly height: number;
  readonly l: Float32Array;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

export function toLab({ width, height, data }: RgbImage): LabImage {
  const pixels = width * height;
  const [l, a, b] = [new Float32Array(pixels), new Float32Array(pixels), new Float32Array(pixels)];
  for (let i = 0; i < pixels; i++) {
    const red = LINEAR[data[3 * i]];
    const green = LINEAR[data[3 * i + 1]];
    const blue = LINEAR[data[3 * i + 2]];
    const x = cubeRoot(0.43388 * red + 0.37621 * green + 0.1899 * blue);
    const y = cubeRoot(0.212671 * red + 0.71516 * green + 0.072169 * blue);
    const z = cubeRoot(0.017758 * red + 0.109477 * green + 0.872766 * blue);
    l[i] = 116 * y - 16;
    a[i] = 500 * (x - y);
    b[i] = 200 * (y - z);
  }
  return { width, height, l, a, b };
}

/** Each plane smoothed with the 3-tap binomial filter, `passes` times (σ ≈ √(passes / 2)). */
export function smoothLab({ width, height, l, a, b }: LabImage, passes: number): LabImage {
  const smooth = (plane: Float32Array): Float32Array => {
    let current = plane;
    for (let pass = 0; pass < passes; pass++) current = binomial(current, width, height);
    return current;
  };
  return { width, height, l: smooth(l), a: smooth(a), b: smooth(b) };
}

function binomial(plane: Float32Array, width: number, height: number): Float32Array {
  const rows = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    for (let x = 0; x < width; x++) {
      const left = plane[start + Math.max(0, x - 1)];
      const right = plane[start + Math.min(width - 1, x + 1)];
      rows[start + x] = 0.25 * (left + right) + 0.5 * plane[start + x];
    }
  }
  const result = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++)
      result[y * width + x] = 0.25 * (rows[above + x] + rows[below + x]) + 0.5 * rows[y * width + x];
  }
  return result;
}

const LINEAR = Float32Array.from({ length: 256 }, (_, value) => {
  const s = value / 255;
  return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
});

/** CIE's cube root with its straight part near black, read from a table. */
const STEPS = 4096;
const ROOTS = Float32Array.from({ length: STEPS + 2 }, (_, i) => {
  const t = i / STEPS;
  return t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
});

function cubeRoot(t: number): number {
  const position = Math.min(STEPS, t * STEPS);
  const lower = position | 0;
  return ROOTS[lower] + (ROOTS[lower + 1] - ROOTS[lower]) * (position - lower);
}
