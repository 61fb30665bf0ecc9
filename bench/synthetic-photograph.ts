/** A picture with the statistics that matter to the benchmarks (edges, shading, noise), from a seed: no photograph needed. */

import type { RgbImage } from "../src/data/image";
import { Random } from "../src/random";

/** Shaded ellipses on a shaded ground, with noise; the boxes of the first three ellipses come along. */
export function syntheticPhotograph(
  width: number,
  height: number,
  seed: number,
): { image: RgbImage; boxes: { xmin: number; ymin: number; xmax: number; ymax: number }[] } {
  const random = new Random(seed);
  const shapes = Array.from({ length: 12 }, (_, i) => ({
    x: random.uniform(0.15, 0.85) * width,
    y: random.uniform(0.15, 0.85) * height,
    rx: random.uniform(0.06, i < 3 ? 0.25 : 0.15) * width,
    ry: random.uniform(0.08, i < 3 ? 0.3 : 0.15) * height,
    colour: [random.integer(256), random.integer(256), random.integer(256)],
  })).reverse();
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let colour = [90 + (80 * y) / height, 120 + (60 * x) / width, 150 - (70 * y) / height];
      for (const shape of shapes) {
        const inside = ((x - shape.x) / shape.rx) ** 2 + ((y - shape.y) / shape.ry) ** 2;
        if (inside < 1) colour = shape.colour.map((c) => c * (0.6 + 0.4 * Math.sqrt(1 - inside)));
      }
      const texture = 12 * Math.sin(x / 3) * Math.sin(y / 5);
      for (let c = 0; c < 3; c++)
        data[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, colour[c] + texture + 8 * random.normal()));
    }
  }
  const boxes = shapes.slice(-3).map(({ x, y, rx, ry }) => ({
    xmin: Math.max(1, Math.round(x - rx)),
    ymin: Math.max(1, Math.round(y - ry)),
    xmax: Math.min(width - 1, Math.round(x + rx)),
    ymax: Math.min(height - 1, Math.round(y + ry)),
  }));
  return { image: { width, height, data }, boxes };
}
