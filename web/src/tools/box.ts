/** A rectangle around a thing, from corner to corner. */

import type { Place, ShapeBox, Shapes } from "../model/shapes";
import type { Canvas, Gesture, Tool } from "./tool";

/** Sides below this many pixels are a slip of the hand. */
const LEAST = 3;

export const box: Tool = {
  name: "box",
  title: "Box",
  help: "draw a rectangle around a thing",
  key: "b",
  icon: "M4 6h16v12H4z",
  begin(from): Gesture {
    let to = from;
    const withBox = ({ shapes, class: label }: Canvas): Shapes => ({
      ...shapes,
      boxes: [...shapes.boxes, boxOf(from, to, label)],
    });
    return {
      move: (places) => {
        to = places[places.length - 1];
      },
      preview: withBox,
      end(canvas) {
        const { xmin, ymin, xmax, ymax } = boxOf(from, to, canvas.class);
        if (canvas.class === 0)
          return void canvas.explain("A box is around a thing: choose a class other than the background.");
        if (xmax - xmin < LEAST || ymax - ymin < LEAST) return undefined;
        return withBox(canvas);
      },
    };
  },
};

function boxOf(a: Place, b: Place, label: number): ShapeBox {
  return {
    class: label,
    xmin: Math.round(Math.min(a.x, b.x)),
    ymin: Math.round(Math.min(a.y, b.y)),
    xmax: Math.round(Math.max(a.x, b.x)),
    ymax: Math.round(Math.max(a.y, b.y)),
  };
}
