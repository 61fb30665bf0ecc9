/**
 * From a scene to pixels: things are laid down from the back to the front on a canvas of 3×3 samples a pixel, each with
 * its cast shadow; then light and noise. Pixels whose samples disagree, and their neighbours, are the 255 border.
 */

import { deriveSeed, Random } from "../../src/random";
import { type Colour, groundTints, makeGround } from "./grounds";
import { fractalNoise, mix, smoothStep } from "./noise";
import type { Placement, Scene } from "./scenes";
import { type ThingName, things } from "./things";

const SAMPLES = 3;

export interface Rendering {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major. */
  readonly rgb: Uint8Array;
  /** Which thing is seen: 0 the ground, i the i-th placement. */
  readonly instance: Uint8Array;
  /** Class of each pixel, `ignore` along borders. */
  readonly label: Uint8Array;
}

/** A placement's pixel coordinates from the thing's own, and back. */
export function frameOf({ x, y, size, turn, stretch = 1 }: Placement): {
  toPicture(u: number, v: number): [number, number];
  toThing(px: number, py: number): [number, number];
} {
  const cos = Math.cos((turn * Math.PI) / 180);
  const sin = Math.sin((turn * Math.PI) / 180);
  // Upside-down things are mirrored instead, so that bellies stay below and light stays plausible.
  const flip = cos < -0.5 ? -1 : 1;
  return {
    toPicture(u, v) {
      const a = u * size;
      const b = flip * v * size * stretch;
      return [x + cos * a - sin * b, y + sin * a + cos * b];
    },
    toThing(px, py) {
      const a = cos * (px - x) + sin * (py - y);
      const b = -sin * (px - x) + cos * (py - y);
      return [a / size, (flip * b) / (size * stretch)];
    },
  };
}

export function render(scene: Scene, classOf: Readonly<Record<ThingName, number>>, ignore: number): Rendering {
  const { width, height, id } = scene;
  const random = new Random(deriveSeed(1, id));
  const [w, h] = [width * SAMPLES, height * SAMPLES];
  const canvas = new Float32Array(w * h * 3);
  const seen = new Uint8Array(w * h);
  paintGround(scene, canvas, w, h, random.integer(1e6));
  scene.things.forEach((placement, index) => {
    const second = dye(placement.second, groundTints[scene.ground], scene.camouflage);
    const coat = { seed: random.integer(1e6), main: jitter(placement.main, random), second };
    const frame = frameOf(placement);
    const mask = new Float32Array(w * h);
    const colours: (Colour | undefined)[] = new Array(w * h);
    for (let i = 0; i < w * h; i++) {
      const [u, v] = frame.toThing(((i % w) + 0.5) / SAMPLES, (Math.floor(i / w) + 0.5) / SAMPLES);
      if (Math.abs(u) > 1.3 || Math.abs(v) > 1.3) continue;
      colours[i] = things[placement.thing].paint(u, v, coat);
      if (colours[i] !== undefined) mask[i] = 1;
    }
    castShadow(canvas, mask, w, h, scene.light.from, placement.size);
    for (let i = 0; i < w * h; i++) {
      const colour = colours[i];
      if (colour === undefined) continue;
      canvas.set(colour, 3 * i);
      seen[i] = index + 1;
    }
  });
  const instance = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) instance[y * width + x] = seen[(y * SAMPLES + 1) * w + x * SAMPLES + 1];
  const classes = Uint8Array.from(instance, (i) => (i === 0 ? 0 : classOf[scene.things[i - 1].thing]));
  return {
    width,
    height,
    rgb: develop(scene, canvas, random),
    instance,
    label: withBorders(seen, classes, w, width, height, ignore),
  };
}

function paintGround(scene: Scene, canvas: Float32Array, w: number, h: number, seed: number): void {
  const near = makeGround(scene.ground, seed);
  const far = scene.beyond && makeGround(scene.beyond.ground, seed + 17, 0.8);
  for (let j = 0; j < h; j++) {
    for (let i = 0; i < w; i++) {
      const x = (i + 0.5) / SAMPLES;
      const y = (j + 0.5) / SAMPLES;
      const line = scene.beyond
        ? mix(scene.beyond.left, scene.beyond.right, x / scene.width) + 8 * (fractalNoise(seed + 3, x / 12, 0, 3) - 0.5)
        : 0;
      // "Beyond" a line in the lower half means below it.
      const below = scene.beyond !== undefined && scene.beyond.left > scene.height / 2;
      const ground = far !== undefined && (below ? y > line : y < line) ? far : near;
      canvas.set(ground(x, y), 3 * (j * w + i));
    }
  }
}

/** Darkens what lies under a thing: its mask, moved away from the light and blurred. */
function castShadow(canvas: Float32Array, mask: Float32Array, w: number, h: number, from: number, size: number): void {
  const reach = 0.16 * size * SAMPLES;
  const dx = Math.round(-Math.cos((from * Math.PI) / 180) * reach);
  const dy = Math.round(-Math.sin((from * Math.PI) / 180) * reach + 0.5 * reach);
  let soft = mask;
  for (let pass = 0; pass < 2; pass++) soft = boxBlur(soft, w, h, Math.max(2, Math.round(0.07 * size * SAMPLES)));
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [sx, sy] = [x - dx, y - dy];
      if (sx < 0 || sy < 0 || sx >= w || sy >= h) continue;
      const light = 1 - 0.55 * soft[sy * w + sx];
      for (let c = 0; c < 3; c++) canvas[3 * (y * w + x) + c] *= light;
    }
  }
}

function boxBlur(source: Float32Array, w: number, h: number, radius: number): Float32Array {
  const rows = new Float32Array(w * h);
  const result = new Float32Array(w * h);
  const run = (from: Float32Array, to: Float32Array, start: number, step: number, count: number): void => {
    let sum = 0;
    for (let i = -radius; i < count + radius; i++) {
      if (i + radius < count) sum += from[start + (i + radius) * step];
      if (i - radius - 1 >= 0) sum -= from[start + (i - radius - 1) * step];
      if (i >= 0 && i < count) to[start + i * step] = sum / (2 * radius + 1);
    }
  };
  for (let y = 0; y < h; y++) run(source, rows, y * w, 1, w);
  for (let x = 0; x < w; x++) run(rows, result, x, w, h);
  return result;
}

/** Averages the samples, then light that falls off across the picture, dapples, and the camera's noise. */
function develop(scene: Scene, canvas: Float32Array, random: Random): Uint8Array {
  const { width, height, light } = scene;
  const rgb = new Uint8Array(width * height * 3);
  const [lx, ly] = [Math.cos((light.from * Math.PI) / 180), Math.sin((light.from * Math.PI) / 180)];
  const seed = random.integer(1e6);
  const warmth = random.uniform(-0.05, 0.05);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const along = 0.5 + 0.5 * (lx * (2 * (x / width) - 1) + ly * (2 * (y / height) - 1)) * 0.8;
      const dapple = 1 - 0.22 * smoothStep(0.5, 0.66, fractalNoise(seed, x / 34, y / 34, 2));
      const brightness = (1.18 - light.fall * (1 - along)) * dapple;
      const grain = 5 * random.normal();
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let j = 0; j < SAMPLES; j++)
          for (let i = 0; i < SAMPLES; i++)
            sum += canvas[3 * ((y * SAMPLES + j) * width * SAMPLES + x * SAMPLES + i) + c];
        const tint = 1 + warmth * (1 - c);
        rgb[3 * (y * width + x) + c] = Math.min(
          255,
          Math.max(0, Math.round((sum / SAMPLES ** 2) * brightness * tint + grain + 3 * random.normal())),
        );
      }
    }
  }
  return rgb;
}

function withBorders(
  seen: Uint8Array,
  classes: Uint8Array,
  w: number,
  width: number,
  height: number,
  ignore: number,
): Uint8Array {
  const mixed = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const first = seen[y * SAMPLES * w + x * SAMPLES];
      for (let s = 1; s < SAMPLES ** 2; s++)
        if (seen[(y * SAMPLES + Math.floor(s / SAMPLES)) * w + x * SAMPLES + (s % SAMPLES)] !== first)
          mixed[y * width + x] = 1;
    }
  }
  const label = classes.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const differs = (dx: number, dy: number): boolean =>
        x + dx >= 0 && y + dy >= 0 && x + dx < width && y + dy < height && classes[i + dy * width + dx] !== classes[i];
      if (mixed[i] || differs(1, 0) || differs(-1, 0) || differs(0, 1) || differs(0, -1)) label[i] = ignore;
    }
  }
  return label;
}

function dye(colour: Colour, ground: Colour, amount: number): Colour {
  return [0, 1, 2].map((c) => mix(colour[c], ground[c], amount)) as unknown as Colour;
}

function jitter([r, g, b]: Colour, random: Random): Colour {
  const light = random.uniform(0.85, 1.1);
  return [
    r * light + random.uniform(-12, 12),
    g * light + random.uniform(-12, 12),
    b * light + random.uniform(-12, 12),
  ];
}
