/**
 * The random fields that textures are made of: value noise, its sum over octaves, and Worley cells. Each value is a
 * pure function of (seed, x, y), so a texture has the same bytes wherever and in whatever order it is sampled.
 */

import { mixBits } from "../../src/random";

/** Uniform in [0, 1) at an integer lattice point. */
export function latticeValue(seed: number, x: number, y: number): number {
  return mixBits(mixBits(seed ^ Math.imul(x | 0, 0x9e3779b1)) ^ Math.imul(y | 0, 0x85ebca77)) / 4294967296;
}

/** Smooth noise in [0, 1) with features about one unit wide. */
export function valueNoise(seed: number, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const u = fade(x - left);
  const v = fade(y - top);
  const upper = mix(latticeValue(seed, left, top), latticeValue(seed, left + 1, top), u);
  const lower = mix(latticeValue(seed, left, top + 1), latticeValue(seed, left + 1, top + 1), u);
  return mix(upper, lower, v);
}

/** Octaves of value noise, each half as wide and half as strong; in [0, 1). */
export function fractalNoise(seed: number, x: number, y: number, octaves = 4): number {
  let sum = 0;
  let weight = 0;
  for (let octave = 0, gain = 1, scale = 1; octave < octaves; octave++, gain /= 2, scale *= 2) {
    sum += gain * valueNoise(seed + octave * 101, x * scale, y * scale);
    weight += gain;
  }
  return sum / weight;
}

export interface WorleyCell {
  /** Distance to the nearest and to the second nearest centre. */
  readonly near: number;
  readonly next: number;
  /** A random number in [0, 1) of the nearest cell. */
  readonly id: number;
}

/** Cells around jittered centres, one per unit square. */
export function worley(seed: number, x: number, y: number): WorleyCell {
  const column = Math.floor(x);
  const row = Math.floor(y);
  let near = Infinity;
  let next = Infinity;
  let id = 0;
  for (let j = row - 1; j <= row + 1; j++) {
    for (let i = column - 1; i <= column + 1; i++) {
      const dx = i + 0.1 + 0.8 * latticeValue(seed, i, j) - x;
      const dy = j + 0.1 + 0.8 * latticeValue(seed + 7, i, j) - y;
      const distance = Math.sqrt(dx * dx + dy * dy);
      if (distance < near) {
        next = near;
        near = distance;
        id = latticeValue(seed + 13, i, j);
      } else if (distance < next) next = distance;
    }
  }
  return { near, next, id };
}

/** Linear interpolation. */
export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 0 below `low`, 1 above `high`, smooth in between. */
export function smoothStep(low: number, high: number, x: number): number {
  return fade(Math.min(1, Math.max(0, (x - low) / (high - low))));
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}
