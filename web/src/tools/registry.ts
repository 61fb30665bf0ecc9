/** Every tool of the page. A new one is a file beside these and a word here. */

import { box } from "./box";
import { click } from "./click";
import { eraser } from "./eraser";
import { hand } from "./hand";
import { pin } from "./pin";
import { stroke } from "./stroke";
import type { Tool } from "./tool";

export const tools: readonly Tool[] = [stroke, box, click, eraser, pin, hand];

export function toolNamed(name: string): Tool {
  return tools.find((tool) => tool.name === name) ?? stroke;
}
