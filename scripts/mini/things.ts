/**
 * The five kinds of things, each a function of its own coordinates: x to the right, y down, about −1…1, before it is
 * turned, stretched and put into a scene. `paint` gives a colour inside the outline and nothing outside.
 */

import type { Colour } from "./grounds";
import { fractalNoise, mix, smoothStep, valueNoise, worley } from "./noise";

export type ThingName = "mushroom" | "leaf" | "fish" | "beetle" | "mug";

export interface Coat {
  readonly seed: number;
  /** The thing's own colour. */
  readonly main: Colour;
  /** The colour of its second part (stem, belly, legs, band), often close to the ground's. */
  readonly second: Colour;
}

export interface Thing {
  paint(x: number, y: number, coat: Coat): Colour | undefined;
  /** A stroke a person would draw, in the thing's own coordinates. */
  readonly stroke: readonly (readonly [number, number])[];
}

const shade = ([r, g, b]: Colour, light: number): Colour => [r * light, g * light, b * light];
const blend = (a: Colour, b: Colour, t: number): Colour => [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];

export const things: Readonly<Record<ThingName, Thing>> = {
  mushroom: {
    paint(x, y, { seed, main, second }) {
      const bell = (y + 0.12) / 0.78;
      const rim = 0.12 + 0.1 * x * x;
      if (x * x * 0.98 + bell * bell < 1 && y < rim) {
        const spot = worley(seed, x * 3.1, y * 3.6 + 0.4 * x * x);
        const pale = spot.id > 0.35 ? smoothStep(0.36, 0.27, spot.near) : 0;
        const light =
          0.62 + 0.5 * (1 - (x + 0.35) ** 2 - 0.5 * (y + 0.5) ** 2) + 0.16 * valueNoise(seed + 1, x * 14, y * 14);
        const gills = smoothStep(rim - 0.12, rim, y);
        return shade(blend(blend(main, [236, 226, 206], pale), second, 0.6 * gills), light * mix(1, 0.7, gills));
      }
      const width = 0.23 + 0.1 * smoothStep(0.2, 1, y) + 0.03 * Math.sin(7 * y + seed);
      if (Math.abs(x + 0.05 * y) < width && y > 0 && y < 0.98) {
        const fibre = valueNoise(seed + 2, x * 26, y * 3);
        return shade(
          second,
          (0.55 + 0.55 * fibre) * (1.05 - 0.5 * (x / width + 0.4) ** 2) * mix(0.6, 1, smoothStep(0.02, 0.35, y)),
        );
      }
      return undefined;
    },
    stroke: [
      [-0.5, -0.2],
      [0, -0.45],
      [0.05, 0],
      [-0.02, 0.8],
    ],
  },
  leaf: {
    paint(x, y, { seed, main, second }) {
      const t = (x + 1) / 2;
      if (t <= 0 || t >= 1.12) return undefined;
      const curl = y - 0.16 * Math.sin(2.4 * x + seed);
      if (t >= 1) return Math.abs(curl) < 0.035 ? shade(second, 0.8) : undefined;
      const teeth = 0.035 * Math.abs(((x * 9 + 90) % 1) - 0.5);
      const half = 0.56 * Math.sin(Math.PI * t ** 0.8) ** 0.85 - teeth;
      if (Math.abs(curl) > half) return undefined;
      const rib = smoothStep(0.05, 0.02, Math.abs(curl));
      const branch = ((((x * 1.0 - 0.8 * Math.abs(curl)) * 5 + 50) % 1) + 1) % 1;
      const vein = Math.max(rib, 0.75 * smoothStep(0.13, 0.03, Math.abs(branch - 0.5)));
      const blotch = fractalNoise(seed, x * 3 + 5, y * 3, 4);
      const body = blend(main, second, smoothStep(0.35, 0.7, blotch + 0.35 * (Math.abs(curl) / half) - 0.12));
      const grain = 0.72 + 0.4 * valueNoise(seed + 3, x * 22, y * 22) + 0.14 * Math.sign(curl);
      return shade(blend(body, [222, 214, 150], 0.5 * vein), grain);
    },
    stroke: [
      [-0.7, 0.05],
      [-0.2, -0.05],
      [0.3, 0.1],
      [0.75, 0.12],
    ],
  },
  fish: {
    paint(x, y, { seed, main, second }) {
      const half =
        x < 0.95 && x > -0.85 ? 0.46 * Math.sqrt(Math.max(0, 1 - ((x - 0.05) / 0.92) ** 2)) * (1 + 0.22 * x) : 0;
      const spread = -0.62 - x;
      const tail = x > -1.15 && spread > 0 && Math.abs(y) < 0.1 + 0.8 * spread && Math.abs(y) > 0.5 * (-1.0 - x);
      const fin = y < 0 && x > -0.35 && x < 0.4 && -y < half + 0.2 * smoothStep(-0.35, 0, x) * smoothStep(0.4, 0.2, x);
      if (half > 0 && Math.abs(y) < half) {
        const eye = Math.hypot(x - 0.68, y + 0.1);
        if (eye < 0.085) return eye < 0.045 ? [18, 18, 22] : [228, 222, 196];
        const row = Math.floor(y * 9);
        const scale = Math.hypot(((((x * 7 + 0.5 * (row & 1)) % 1) + 1) % 1) - 0.35, ((((y * 9) % 1) + 1) % 1) - 0.5);
        const stripe = smoothStep(0.1, 0.5, Math.sin(8.5 * x + 2 * y + seed));
        const belly = smoothStep(-0.1, 0.9, y / half);
        const body = blend(blend(main, shade(main, 0.45), 0.75 * stripe), second, belly);
        const gill = smoothStep(0.04, 0.01, Math.abs(Math.hypot(x - 0.75, y) - 0.36));
        return shade(body, (0.74 + 0.42 * scale) * (1.1 - 0.25 * Math.abs(y / half)) * mix(1, 0.55, gill));
      }
      if (tail || fin)
        return shade(blend(main, second, 0.5), 0.6 + 0.45 * Math.abs(Math.sin((tail ? y : x + 0.3 * y) * 26)));
      return undefined;
    },
    stroke: [
      [0.6, 0.02],
      [0.2, -0.05],
      [-0.3, 0.04],
      [-0.75, 0],
    ],
  },
  beetle: {
    paint(x, y, { seed, main, second }) {
      const body = (x / 0.66) ** 2 + ((y - 0.14) / 0.78) ** 2;
      if (body < 1 && y > -0.36) {
        const seam = Math.abs(x) < 0.03 + 0.02 * (y + 0.4) ? 0.25 : 1;
        const dot = worley(seed, Math.abs(x) * 2.6 + 3, y * 2.4);
        const dark = dot.id > 0.3 ? smoothStep(0.34, 0.27, dot.near) : 0;
        const gloss = smoothStep(0.42, 0.1, Math.hypot(x + 0.25, y + 0.1));
        const speckle = 0.85 + 0.3 * valueNoise(seed + 1, x * 18, y * 18);
        return shade(
          blend(blend(main, [24, 22, 24], dark), [250, 245, 235], 0.45 * gloss),
          seam * speckle * (1.1 - 0.55 * body),
        );
      }
      if ((x / 0.42) ** 2 + ((y + 0.42) / 0.26) ** 2 < 1) {
        const cheek = Math.hypot(Math.abs(x) - 0.22, y + 0.46) < 0.09;
        return cheek ? [226, 220, 200] : shade(second, 0.42 + 0.35 * valueNoise(seed + 2, x * 15, y * 15));
      }
      for (const [fromY, toY] of [
        [-0.2, -0.5],
        [0.15, 0.2],
        [0.45, 0.85],
      ]) {
        const along = (Math.abs(x) - 0.45) / 0.5;
        if (along > 0 && along < 1 && Math.abs(y - mix(fromY, toY, along)) < 0.06) return shade(second, 0.5);
      }
      return undefined;
    },
    stroke: [
      [0.1, -0.4],
      [0.15, 0],
      [-0.2, 0.2],
      [-0.1, 0.65],
    ],
  },
  mug: {
    paint(x, y, { seed, main, second }) {
      const half = 0.6 - 0.06 * (y + 0.7);
      const bottom = 0.78 + 0.1 * Math.sqrt(Math.max(0, 1 - (x / 0.6) ** 2));
      const rim = ((x / 0.62) ** 2 + ((y + 0.68) / 0.17) ** 2) ** 0.5;
      if (rim < 1) {
        if (rim > 0.84) return shade(main, 1.12);
        const coffee = y > -0.66 + 0.02 * Math.sin(5 * x);
        return coffee ? shade([66, 42, 28], 0.85 + 0.3 * valueNoise(seed, x * 8, y * 16)) : shade(main, 0.62);
      }
      if (Math.abs(x) < half && y > -0.68 && y < bottom) {
        const round = Math.asin(Math.max(-1, Math.min(1, x / half)));
        const zigzag = Math.abs(((round * 1.9 + 20) % 1) - 0.5) * 0.5;
        const band = Math.abs(y - 0.05 - zigzag + 0.12) < 0.13 ? 1 : Math.abs(y - 0.55) < 0.05 ? 0.8 : 0;
        const light = 1.12 - 0.62 * smoothStep(-0.35, 1.2, x / half) - 0.25 * smoothStep(-0.5, -1, x / half);
        const shine = 0.5 * smoothStep(0.1, 0.03, Math.abs(x / half + 0.45)) * smoothStep(0.7, 0.4, Math.abs(y));
        const glaze = 0.86 + 0.26 * fractalNoise(seed, x * 6, y * 6, 3);
        return shade(blend(blend(main, second, band), [250, 250, 245], shine), light * glaze);
      }
      const ring = Math.hypot((x - 0.6) / 0.38, (y - 0.02) / 0.46);
      if (x > 0.5 && ring > 0.62 && ring < 1) return shade(main, 0.55 + 0.4 * (1 - Math.abs(ring - 0.8) / 0.2));
      return undefined;
    },
    stroke: [
      [-0.3, -0.3],
      [-0.25, 0.3],
      [0.15, 0.5],
      [0.3, -0.2],
    ],
  },
};
