/**
 * The page's quick label of a photograph of 500×375 pixels: what is prepared when it is opened, the label of the first
 * strokes, and that of one more stroke. The backbone's features where it is set up.
 */

import { firstPassOptions, firstPassSize } from "../src/annotate/first-pass";
import type { ShapeStroke } from "../src/annotate/protocol";
import { keepingSharpener } from "../src/dense-crf/sharpen";
import { type EarlierResult, type LabelledPhotograph, labelPhotograph } from "../src/label-photograph/label-photograph";
import { GraphBuilder, planGraph } from "../src/label-photograph/photograph-graph";
import { HEIGHT, photograph, WIDTH } from "./photographs";
import { type Row, row } from "./row";

const NAME = "quick label";

/** Strokes along the middles of the boxes, and along the edge. */
function strokes(): ShapeStroke[] {
  const things = photograph().boxes.map(({ xmin, ymin, xmax, ymax, class: label }): ShapeStroke => {
    const y = Math.round((ymin + ymax) / 2);
    return { class: label, points: [Math.round(xmin * 0.7 + xmax * 0.3), y, Math.round(xmin * 0.3 + xmax * 0.7), y] };
  });
  return [...things, { class: 0, points: [5, 5, WIDTH - 6, 5, WIDTH - 6, HEIGHT - 6] }];
}

/** @param runs after one that only warms up */
export async function benchQuickLabel(runs: number, add: (row: Row) => void): Promise<void> {
  const { image } = photograph();
  const builder = new GraphBuilder();
  const sharpener = keepingSharpener();
  const plan = planGraph("scribble", firstPassSize(image));
  const seconds = { opened: [] as number[], first: [] as number[], next: [] as number[] };
  const drawn = strokes();
  const more: ShapeStroke = { class: 0, points: [5, 20, 5, HEIGHT - 20] };
  let stages = "";
  for (let run = 0; run <= runs; run++) {
    const started = performance.now();
    const graph = await builder.build(image, plan, "bench");
    const opened = performance.now();
    const label = (all: readonly ShapeStroke[], earlier?: EarlierResult): Promise<LabelledPhotograph> => {
      const shapes = { boxes: [], strokes: all, clicks: [], pins: [] };
      const options = { name: "bench", graph, sharpener, ...firstPassOptions(image, earlier, shapes) };
      return labelPhotograph(image, { strokes: all }, options);
    };
    const { learned, settings } = await label(drawn);
    const first = performance.now();
    const next = await label([...drawn, more], { learned, settings });
    const ended = performance.now();
    graph.dispose();
    if (run === 0) continue;
    seconds.opened.push((opened - started) / 1000);
    seconds.first.push((first - opened) / 1000);
    seconds.next.push((ended - first) / 1000);
    stages = Object.entries(next.timings)
      .filter(([stage]) => stage !== "total")
      .map(([stage, value]) => `${stage} ${(1000 * value).toFixed(0)}`)
      .join(", ");
  }
  await builder.dispose();
  add(row(`${NAME}, photograph opened`, seconds.opened, `${plan.config.features} graph`));
  add(row(`${NAME}, first strokes`, seconds.first, `${WIDTH}×${HEIGHT}, ${drawn.length} strokes`));
  add(row(`${NAME}, one more stroke`, seconds.next, `ms: ${stages}`));
}

export const QUICK_LABEL_ROWS: readonly string[] = ["photograph opened", "first strokes", "one more stroke"].map(
  (part) => `${NAME}, ${part}`,
);
