/** Boxes, strokes and clicks drawn over the photograph, in lines of the screen's width. */

import type { ClassEntry } from "../../../src/annotate/protocol";
import type { Shapes } from "../model/shapes";
import { toScreen, type Viewport } from "./viewport";

/** As wide as strokes count in the files, in pixels of the photograph. */
const STROKE_WIDTH = 3;

export function drawShapes(
  context: CanvasRenderingContext2D,
  { boxes, strokes, clicks }: Shapes,
  classes: readonly ClassEntry[],
  viewport: Viewport,
): void {
  const { scale } = viewport;
  context.lineJoin = context.lineCap = "round";
  for (const { class: label, xmin, ymin, xmax, ymax } of boxes) {
    const a = toScreen(viewport, { x: xmin - 0.5, y: ymin - 0.5 });
    const b = toScreen(viewport, { x: xmax + 0.5, y: ymax + 0.5 });
    twice(context, cssColour(classes, label), 2, () => context.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y));
  }
  for (const { class: label, points } of strokes) {
    const line = new Path2D();
    for (let i = 0; i < points.length; i += 2) {
      const { x, y } = toScreen(viewport, { x: points[i], y: points[i + 1] });
      if (i === 0) line.moveTo(x, y);
      line.lineTo(x, y);
    }
    const colour = cssColour(classes, label);
    twice(context, colour, Math.max(2, STROKE_WIDTH * scale), () => context.stroke(line));
  }
  for (const { class: label, x, y } of clicks) {
    const at = toScreen(viewport, { x, y });
    context.beginPath();
    context.arc(at.x, at.y, 6, 0, 2 * Math.PI);
    context.fillStyle = cssColour(classes, label);
    context.fill();
    twice(context, "#fff", 1.5, () => context.stroke());
  }
}

/** Dark below, bright above: seen on every photograph. */
function twice(context: CanvasRenderingContext2D, colour: string, width: number, draw: () => void): void {
  context.strokeStyle = "rgba(255,255,255,0.9)";
  context.lineWidth = width + 3;
  draw();
  context.strokeStyle = colour;
  context.lineWidth = width;
  draw();
}

/** Values that are no class are the eraser's on a picture of strokes. */
export function cssColour(classes: readonly ClassEntry[], label: number): string {
  const [red, green, blue] = classes[label]?.colour ?? [128, 128, 128];
  return `rgb(${red},${green},${blue})`;
}
