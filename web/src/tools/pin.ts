/** "This region is right": its pixels stay as they are, whatever is drawn later. Once more lets go of it. */

import { covers, regionAt, type Shapes } from "../model/shapes";
import type { Canvas, Tool } from "./tool";

export const pin: Tool = {
  name: "pin",
  title: "Pin",
  help: "call a region right: its pixels never change; once more to let go",
  key: "p",
  icon: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  begin(from) {
    let at = from;
    const withPin = (canvas: Canvas): Shapes | undefined => {
      const { shapes, size, label } = canvas;
      const pixel = Math.round(at.y) * size.width + Math.round(at.x);
      const pinned = shapes.pins.filter((each) => covers(each, pixel));
      if (pinned.length > 0) return { ...shapes, pins: shapes.pins.filter((each) => !pinned.includes(each)) };
      if (label === undefined) return void canvas.explain("There is no label yet whose regions could be right.");
      const region = regionAt(label, size, at);
      const others = shapes.pins.filter((each) => !covers(region, each.runs[0]));
      return { ...shapes, pins: [...others, region] };
    };
    return {
      move: (places) => {
        at = places[places.length - 1];
      },
      preview: ({ shapes }) => shapes,
      end: withPin,
    };
  },
};
