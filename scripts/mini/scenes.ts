/** The eighteen scenes of data/mini: what lies where. Positions and sizes in pixels, turns in degrees. */

import { brown, cream, green, ochre, olive, red, rust, silver, steel, teal, violet, white } from "./colours";
import type { Colour, GroundName } from "./grounds";
import type { ThingName } from "./things";

export interface Placement {
  readonly thing: ThingName;
  readonly x: number;
  readonly y: number;
  /** Half the thing's extent. */
  readonly size: number;
  readonly turn: number;
  /** Height over width, where not 1. */
  readonly stretch?: number;
  readonly main: Colour;
  /** Dyed towards the ground by the scene's `camouflage`. */
  readonly second: Colour;
}

export interface Scene {
  readonly id: string;
  readonly split: "train" | "val";
  readonly width: number;
  readonly height: number;
  readonly ground: GroundName;
  /** A second ground beyond a wavy line: its height at the left and right border. */
  readonly beyond?: { readonly ground: GroundName; readonly left: number; readonly right: number };
  readonly camouflage: number;
  /** Where the light comes from, degrees; how much darker the far side is. */
  readonly light: { readonly from: number; readonly fall: number };
  /** From the back to the front. */
  readonly things: readonly Placement[];
}

function place(
  thing: ThingName,
  [x, y]: readonly [number, number],
  size: number,
  turn: number,
  [main, second]: readonly [Colour, Colour],
  stretch = 1,
): Placement {
  return { thing, x, y, size, turn, main, second, stretch };
}

const train: readonly Omit<Scene, "id" | "split">[] = [
  {
    width: 148,
    height: 120,
    ground: "grass",
    camouflage: 0.35,
    light: { from: 210, fall: 0.5 },
    things: [
      place("mushroom", [52, 58], 36, -8, [red, cream]),
      place("mushroom", [98, 80], 27, 10, [rust, cream]),
      place("beetle", [118, 40], 17, 60, [red, brown]),
    ],
  },
  {
    width: 160,
    height: 120,
    ground: "water",
    camouflage: 0.45,
    light: { from: 300, fall: 0.45 },
    things: [
      place("fish", [60, 46], 44, 12, [ochre, white]),
      place("fish", [104, 78], 40, -160, [teal, silver]),
      place("leaf", [36, 94], 26, -30, [olive, ochre]),
    ],
  },
  {
    width: 132,
    height: 140,
    ground: "planks",
    camouflage: 0.3,
    light: { from: 150, fall: 0.55 },
    things: [place("mug", [60, 62], 40, -4, [steel, white], 1.1), place("leaf", [88, 110], 34, -20, [rust, ochre])],
  },
  {
    width: 156,
    height: 116,
    ground: "soil",
    camouflage: 0.5,
    light: { from: 40, fall: 0.5 },
    things: [
      place("leaf", [54, 46], 42, 24, [olive, rust]),
      place("leaf", [98, 70], 40, -48, [ochre, brown]),
      place("beetle", [70, 72], 20, 20, [green, brown]),
    ],
  },
  {
    width: 140,
    height: 124,
    ground: "cloth",
    camouflage: 0.4,
    light: { from: 240, fall: 0.5 },
    things: [
      place("mug", [48, 66], 34, 6, [violet, cream]),
      place("mug", [98, 60], 30, -10, [cream, red]),
      place("beetle", [82, 104], 15, -70, [ochre, brown]),
    ],
  },
  {
    width: 150,
    height: 120,
    ground: "pebbles",
    beyond: { ground: "water", left: 44, right: 30 },
    camouflage: 0.5,
    light: { from: 330, fall: 0.45 },
    things: [place("fish", [72, 66], 48, -14, [silver, white]), place("mug", [122, 78], 24, 8, [steel, teal])],
  },
  {
    width: 124,
    height: 148,
    ground: "grass",
    beyond: { ground: "soil", left: 40, right: 58 },
    camouflage: 0.35,
    light: { from: 190, fall: 0.5 },
    things: [
      place("mushroom", [62, 74], 44, 4, [brown, cream], 1.15),
      place("leaf", [90, 120], 30, 200, [green, olive]),
    ],
  },
  {
    width: 160,
    height: 112,
    ground: "planks",
    camouflage: 0.45,
    light: { from: 20, fall: 0.5 },
    things: [place("fish", [58, 52], 46, 6, [steel, silver]), place("fish", [106, 68], 42, 172, [rust, cream])],
  },
  {
    width: 136,
    height: 124,
    ground: "soil",
    beyond: { ground: "grass", left: 34, right: 50 },
    camouflage: 0.45,
    light: { from: 120, fall: 0.5 },
    things: [
      place("beetle", [46, 78], 32, -30, [red, brown]),
      place("beetle", [92, 70], 28, 40, [ochre, brown]),
      place("mushroom", [112, 38], 22, 0, [rust, cream]),
    ],
  },
  {
    width: 144,
    height: 120,
    ground: "cloth",
    camouflage: 0.3,
    light: { from: 270, fall: 0.5 },
    things: [place("leaf", [58, 44], 40, -10, [green, olive]), place("fish", [82, 76], 44, 168, [teal, cream])],
  },
  {
    width: 152,
    height: 120,
    ground: "pebbles",
    camouflage: 0.5,
    light: { from: 60, fall: 0.55 },
    things: [
      place("mushroom", [46, 62], 36, -12, [ochre, white]),
      place("beetle", [90, 76], 26, 80, [violet, brown]),
      place("leaf", [116, 44], 30, 60, [rust, brown]),
    ],
  },
  {
    width: 140,
    height: 128,
    ground: "planks",
    beyond: { ground: "cloth", left: 62, right: 44 },
    camouflage: 0.4,
    light: { from: 220, fall: 0.5 },
    things: [place("mug", [84, 62], 36, 0, [green, cream]), place("fish", [56, 98], 38, -8, [ochre, silver])],
  },
];

const val: readonly Omit<Scene, "id" | "split">[] = [
  {
    width: 148,
    height: 120,
    ground: "soil",
    camouflage: 0.45,
    light: { from: 160, fall: 0.5 },
    things: [place("mushroom", [56, 62], 38, 6, [rust, cream]), place("leaf", [102, 84], 36, -30, [olive, ochre])],
  },
  {
    width: 156,
    height: 116,
    ground: "water",
    beyond: { ground: "pebbles", left: 88, right: 74 },
    camouflage: 0.45,
    light: { from: 310, fall: 0.45 },
    things: [place("fish", [66, 52], 46, -10, [red, white]), place("beetle", [118, 84], 20, 30, [green, brown])],
  },
  {
    width: 132,
    height: 132,
    ground: "cloth",
    camouflage: 0.4,
    light: { from: 230, fall: 0.5 },
    things: [place("mug", [62, 62], 42, 8, [ochre, teal]), place("beetle", [100, 106], 20, -45, [red, brown])],
  },
  {
    width: 160,
    height: 120,
    ground: "planks",
    camouflage: 0.45,
    light: { from: 30, fall: 0.5 },
    things: [
      place("leaf", [50, 50], 40, 35, [ochre, rust]),
      place("mug", [108, 66], 34, -6, [silver, brown]),
      place("leaf", [76, 94], 32, -15, [green, olive]),
    ],
  },
  {
    width: 128,
    height: 144,
    ground: "grass",
    camouflage: 0.4,
    light: { from: 200, fall: 0.5 },
    things: [
      place("mushroom", [60, 66], 42, -6, [violet, cream], 1.1),
      place("mushroom", [94, 100], 26, 12, [violet, cream]),
      place("beetle", [36, 116], 18, 100, [ochre, brown]),
    ],
  },
  {
    width: 152,
    height: 116,
    ground: "pebbles",
    camouflage: 0.5,
    light: { from: 80, fall: 0.5 },
    things: [place("fish", [56, 44], 42, 20, [steel, silver]), place("fish", [98, 76], 44, 190, [steel, white])],
  },
];

export const scenes: readonly Scene[] = [
  ...train.map((scene, i): Scene => ({ ...scene, id: `mini_${String(i + 1).padStart(4, "0")}`, split: "train" })),
  ...val.map((scene, i): Scene => ({ ...scene, id: `mini_${String(i + 101).padStart(4, "0")}`, split: "val" })),
];
