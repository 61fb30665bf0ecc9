/** The colours that things are painted with. */

import type { Colour } from "./grounds";

export const red: Colour = [186, 52, 40];
export const rust: Colour = [176, 96, 44];
export const ochre: Colour = [198, 150, 62];
export const olive: Colour = [112, 124, 52];
export const green: Colour = [70, 128, 58];
export const teal: Colour = [54, 122, 126];
export const steel: Colour = [92, 124, 152];
export const violet: Colour = [118, 78, 132];
export const cream: Colour = [214, 200, 166];
export const silver: Colour = [176, 182, 180];
export const brown: Colour = [110, 74, 48];
export const white: Colour = [226, 222, 212];

export const colours: readonly Colour[] = [
  red,
  rust,
  ochre,
  olive,
  green,
  teal,
  steel,
  violet,
  cream,
  silver,
  brown,
  white,
];
