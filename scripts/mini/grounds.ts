/** The six grounds things lie on. Colours in 0…255; x and y in pixels of the picture. */

import { fractalNoise, latticeValue, mix, smoothStep, valueNoise, worley } from "./noise";

export type Colour = readonly [number, number, number];

/** A ground's colour at a point of the picture. */
export type Ground = (x: number, y: number) => Colour;

export type GroundName = "planks" | "grass" | "pebbles" | "cloth" | "soil" | "water";

/** Mean colours, which parts of things are dyed with to make them hard to tell from their ground. */
export const groundTints: Readonly<Record<GroundName, Colour>> = {
  planks: [150, 108, 70],
  grass: [84, 112, 48],
  pebbles: [140, 134, 126],
  cloth: [132, 84, 84],
  soil: [98, 76, 56],
  water: [66, 112, 128],
};

/** `seed` moves and recolours the texture; `scale` stretches it (1: features of 3 to 12 pixels). */
export function makeGround(name: GroundName, seed: number, scale = 1): Ground {
  const texture = textures[name];
  const dye = [0, 1, 2].map((channel) => 24 * (latticeValue(seed, channel, 99) - 0.5));
  return (x, y) => {
    const [r, g, b] = texture(seed, x / scale, y / scale);
    return [r + dye[0], g + dye[1], b + dye[2]];
  };
}

const textures: Readonly<Record<GroundName, (seed: number, x: number, y: number) => Colour>> = {
  planks(seed, x, y) {
    const plank = Math.floor(y / 26);
    const within = y / 26 - plank;
    const shift = 300 * latticeValue(seed, plank, 0);
    const warp = 3 * fractalNoise(seed + 1, (x + shift) / 40, y / 9, 3);
    const grain = 0.5 + 0.5 * Math.sin(6 * warp + y * 0.9);
    const fibre = valueNoise(seed + 2, (x + shift) / 14, y / 1.3);
    const gap = smoothStep(0, 0.05, within) * smoothStep(0, 0.05, 1 - within);
    const tone =
      (0.62 + 0.3 * grain * fibre + 0.22 * fibre + 0.16 * latticeValue(seed + 3, plank, 1)) * mix(0.35, 1, gap);
    return [166 * tone, 120 * tone, 78 * tone];
  },
  grass(seed, x, y) {
    // Blades: narrow noise sheared to either side, over dark soil.
    const lean = valueNoise(seed + 9, x / 30, y / 30) - 0.5;
    const first = valueNoise(seed, (x + lean * y) / 1.7, y / 9);
    const second = valueNoise(seed + 1, (x - (0.6 + lean) * y) / 2.1, y / 8 + 7);
    const blade = Math.max(first, second);
    const patch = fractalNoise(seed + 2, x / 28, y / 28, 3);
    const light = 0.25 + 1.05 * smoothStep(0.3, 0.95, blade);
    return [mix(62, 132, patch) * light, mix(104, 142, patch) * light, mix(40, 58, patch) * light];
  },
  pebbles(seed, x, y) {
    const { near, next, id } = worley(seed, x / 10, y / 9);
    const edge = smoothStep(0.03, 0.28, next - near);
    const tone =
      (0.55 + 0.6 * id) * mix(0.3, 1.1 - 0.45 * near, edge) + 0.1 * (valueNoise(seed + 1, x / 1.5, y / 1.5) - 0.5);
    const warmth = 26 * (latticeValue(seed + 5, Math.round(id * 1e6), 0) - 0.5);
    return [(166 + warmth) * tone, 160 * tone, (150 - warmth) * tone];
  },
  cloth(seed, x, y) {
    const band = (t: number, phase: number): number => smoothStep(-0.1, 0.1, Math.sin(t / 6.5 + phase));
    const across = band(x + 0.12 * y, seed % 6);
    const along = band(y - 0.12 * x, (seed >> 3) % 6);
    const thread =
      0.86 + 0.14 * Math.sin(x * 2.1) * Math.sin(y * 2.1) + 0.16 * (valueNoise(seed, x / 1.2, y / 1.2) - 0.5);
    const fold = 0.82 + 0.36 * fractalNoise(seed + 4, (x + y) / 46, (x - y) / 90, 2);
    const light = thread * fold;
    return [
      (188 - 62 * across + 12 * along) * light,
      (152 - 60 * across - 46 * along) * light,
      (136 - 30 * across - 40 * along) * light,
    ];
  },
  soil(seed, x, y) {
    const lumps = fractalNoise(seed, x / 9, y / 9, 4);
    const grit = worley(seed + 3, x / 4.5, y / 4.5);
    const stone = grit.id > 0.8 ? smoothStep(0.42, 0.28, grit.near) : 0;
    const light = 0.35 + 1.25 * lumps * (0.75 + 0.35 * valueNoise(seed + 8, x / 1.4, y / 1.4));
    return [mix(104 * light, 158, 0.8 * stone), mix(80 * light, 148, 0.8 * stone), mix(58 * light, 136, 0.8 * stone)];
  },
  water(seed, x, y) {
    const wx = x + 9 * fractalNoise(seed, x / 22, y / 16, 3);
    const wy = y + 7 * fractalNoise(seed + 1, x / 22, y / 16, 3);
    const ripple = 0.5 + 0.25 * Math.sin(wy / 1.9 + 0.35 * wx) + 0.25 * Math.sin(wy / 2.7 - 0.22 * wx);
    const glint = smoothStep(0.8, 0.98, ripple) * smoothStep(0.45, 0.7, fractalNoise(seed + 2, x / 12, y / 7, 2));
    const depth = fractalNoise(seed + 3, x / 40, y / 30, 3);
    return [
      mix(34, 88, 0.6 * ripple + 0.5 * depth) + 110 * glint,
      mix(78, 138, 0.6 * ripple + 0.4 * depth) + 92 * glint,
      mix(96, 158, 0.5 * ripple + 0.4 * depth) + 80 * glint,
    ];
  },
};
