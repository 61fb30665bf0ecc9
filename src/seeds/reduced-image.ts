/** Large photographs in a smaller size, for what takes time and memory with every pixel. */

import type { RgbImage } from "../data/image";

/** Means of step × step pixels. */
export function reducedBy({ width, height, data }: RgbImage, step: number): RgbImage {
  const [w, h] = [Math.ceil(width / step), Math.ceil(height / step)];
  const small = new Uint8Array(3 * w * h);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const sum = [0, 0, 0];
      let count = 0;
      for (let v = y * step; v < Math.min(height, (y + 1) * step); v++)
        for (let u = x * step; u < Math.min(width, (x + 1) * step); u++, count++)
          for (let c = 0; c < 3; c++) sum[c] += data[3 * (v * width + u) + c];
      for (let c = 0; c < 3; c++) small[3 * (y * w + x) + c] = Math.round(sum[c] / count);
    }
  return { width: w, height: h, data: small };
}
