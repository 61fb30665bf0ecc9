/** A single point on a thing or the background. */

import type { Shapes } from "../model/shapes";
import type { Canvas, Tool } from "./tool";

export const click: Tool = {
  name: "click",
  title: "Click",
  help: "name what is at one point",
  key: "k",
  icon: "M12 5v14M5 12h14",
  begin(from) {
    let at = from;
    const withClick = ({ shapes, class: label }: Canvas): Shapes => ({
      ...shapes,
      clicks: [...shapes.clicks, { class: label, ...at }],
    });
    return {
      move: (places) => {
        at = places[places.length - 1];
      },
      preview: withClick,
      end: withClick,
    };
  },
};
