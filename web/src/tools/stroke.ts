/** A line drawn over a thing or the background, by hand. */

import { type Place, type Shapes, thinned } from "../model/shapes";
import type { Canvas, Gesture, Tool } from "./tool";

export const stroke: Tool = {
  name: "stroke",
  title: "Stroke",
  help: "draw over a thing or the background; strokes are also corrections",
  key: "s",
  icon: "M4 17c5-12 8 6 16-8",
  begin: (from) => lineGesture(from, (canvas) => canvas.class),
};

/** @param classOf what the line is of */
export function lineGesture(from: Place, classOf: (canvas: Canvas) => number): Gesture {
  const places = [from];
  const withStroke = (canvas: Canvas): Shapes => ({
    ...canvas.shapes,
    strokes: [...canvas.shapes.strokes, { class: classOf(canvas), points: thinned(places) }],
  });
  return { move: (more) => void places.push(...more), preview: withStroke, end: withStroke };
}
