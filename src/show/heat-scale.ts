/** Numbers as colours. */

import type { Colour } from "../data/dataset";

/** Dark violet, blue, teal, green, yellow: evenly brighter, so that it also reads in grey. */
export const HEAT_SCALE: readonly Colour[] = [
  [38, 12, 78],
  [48, 84, 140],
  [38, 148, 140],
  [116, 206, 86],
  [252, 231, 56],
];

/** @param t 0…1 */
export function heatColour(t: number): Colour {
  const place = Math.min(1, Math.max(0, t)) * (HEAT_SCALE.length - 1);
  const lower = Math.min(HEAT_SCALE.length - 2, Math.floor(place));
  const mix = (c: 0 | 1 | 2): number =>
    Math.round(HEAT_SCALE[lower][c] + (HEAT_SCALE[lower + 1][c] - HEAT_SCALE[lower][c]) * (place - lower));
  return [mix(0), mix(1), mix(2)];
}
