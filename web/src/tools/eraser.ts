/** Takes away what was drawn where it passes. */

import { erased } from "../model/shapes";
import { lineGesture } from "./stroke";
import type { Tool } from "./tool";

/** Radius on the screen, in pixels. */
const RADIUS = 10;

export const eraser: Tool = {
  name: "eraser",
  title: "Eraser",
  help: "take away strokes, clicks, and boxes by their border",
  key: "e",
  icon: "M8 19h11M5 15l8-9 6 5-7 8H8z",
  begin(from, canvas) {
    if (canvas.hasPicture) return lineGesture(from, ({ ignore }) => ignore);
    const radius = RADIUS * canvas.grain;
    let shapes = erased(canvas.shapes, from, radius);
    return {
      move(places) {
        for (const place of places) shapes = erased(shapes, place, radius);
      },
      preview: () => shapes,
      end: (now) => (shapes === now.shapes ? undefined : shapes),
    };
  },
};
