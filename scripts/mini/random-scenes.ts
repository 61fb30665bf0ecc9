/**
 * Scenes by chance, of the same things, grounds and colours as the eighteen that were laid out by hand: what a network can
 * learn to see before it sees those. Every kind of thing lies on every ground in every colour, so that only its shape tells
 * it from the others.
 */

import { deriveSeed, Random } from "../../src/random";
import { colours } from "./colours";
import { type Colour, type GroundName, groundTints } from "./grounds";
import type { Placement, Scene } from "./scenes";
import { type ThingName, things } from "./things";

const grounds = Object.keys(groundTints) as readonly GroundName[];
const kinds = Object.keys(things) as readonly ThingName[];

/** Half a thing's extent, in pixels: the smallest and the largest of each kind. */
const sizes: Readonly<Record<ThingName, readonly [number, number]>> = {
  mushroom: [22, 44],
  leaf: [24, 42],
  fish: [34, 48],
  beetle: [15, 32],
  mug: [24, 42],
};

/** Things keep this share of their sizes' sum apart, so that each is seen. */
const APART = 0.75;

/** One thing that nearly fills the picture; of each kind in turn. */
export function randomPortrait(number: number): Scene {
  const id = `portrait_${String(number).padStart(4, "0")}`;
  const random = new Random(deriveSeed(6, id));
  const thing = kinds[number % kinds.length];
  const size = random.uniform(26, 40);
  const [main, second] = [oneOf(colours, random), oneOf(colours, random)];
  const [x, y] = [48 + random.uniform(-10, 10), 48 + random.uniform(-10, 10)];
  return {
    id,
    split: "train",
    width: 96,
    height: 96,
    ground: oneOf(grounds, random),
    camouflage: random.uniform(0.2, 0.5),
    light: { from: random.uniform(0, 360), fall: random.uniform(0.4, 0.55) },
    things: [{ thing, x, y, size, turn: turnOf(thing, random), stretch: random.uniform(0.95, 1.15), main, second }],
  };
}

/** The scene of a number; the same one on each call. */
export function randomScene(number: number): Scene {
  const id = `drawn_${String(number).padStart(4, "0")}`;
  const random = new Random(deriveSeed(5, id));
  const [width, height] = [124 + random.integer(37), 112 + random.integer(37)];
  const level = random.uniform(0.25, 0.75) * height;
  return {
    id,
    split: "train",
    width,
    height,
    ground: oneOf(grounds, random),
    ...(random.uniform() < 0.4
      ? {
          beyond: {
            ground: oneOf(grounds, random),
            left: level + random.uniform(-12, 12),
            right: level + random.uniform(-12, 12),
          },
        }
      : {}),
    camouflage: random.uniform(0.2, 0.5),
    light: { from: random.uniform(0, 360), fall: random.uniform(0.4, 0.55) },
    things: placements(1 + random.integer(3), width, height, random),
  };
}

/** As many as find a place. */
function placements(wanted: number, width: number, height: number, random: Random): Placement[] {
  const placed: Placement[] = [];
  for (let attempt = 0; attempt < 12 * wanted && placed.length < wanted; attempt++) {
    const thing = oneOf(kinds, random);
    const size = random.uniform(...sizes[thing]);
    const x = random.uniform(0.7 * size, width - 0.7 * size);
    const y = random.uniform(0.7 * size, height - 0.7 * size);
    const isFree = placed.every((other) => Math.hypot(other.x - x, other.y - y) > APART * (other.size + size));
    const [main, second] = [oneOf(colours, random), oneOf(colours, random)];
    if (isFree)
      placed.push({
        thing,
        x,
        y,
        size,
        turn: turnOf(thing, random),
        stretch: random.uniform(0.95, 1.15),
        main,
        second,
      });
  }
  return placed;
}

/** Mushrooms and mugs stand, the others lie as they fell. */
function turnOf(thing: ThingName, random: Random): number {
  if (thing === "mushroom" || thing === "mug") return random.uniform(-15, 15);
  if (thing === "fish") return random.uniform(-25, 25) + (random.integer(2) === 0 ? 0 : 180);
  return random.uniform(-180, 180);
}

function oneOf<T extends Colour | string>(choices: readonly T[], random: Random): T {
  return choices[random.integer(choices.length)];
}
