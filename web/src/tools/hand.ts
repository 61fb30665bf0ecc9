/** Moves the photograph under the pen. */

import type { Tool } from "./tool";

export const hand: Tool = {
  name: "hand",
  title: "Move",
  help: "drag the photograph; the middle mouse button and two fingers do so with every tool",
  key: "v",
  icon: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
};
