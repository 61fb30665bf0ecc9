/**
 * What a stroke is worth, once a photograph is labelled from its boxes: the label's IoU after each added stroke, beside
 * OpenCV's GrabCut with the same strokes as hard constraints (docs/measurements.md, "What a stroke is worth"). Neither is
 * favoured: a stroke goes along the middle of the largest region that both have wrong, in the class that it has.
 *
 * usage: node --import tsx scripts/interaction-gain.ts DATA LIST OUT.json [PHOTOGRAPHS] [STROKES]
 */

import fs from "node:fs";
import path from "node:path";
import type { ShapeStroke } from "../src/annotate/protocol";
import { useBackend } from "../src/backend";
import { pixelsOf } from "../src/data/box-pixels";
import { type DatasetDescription, readDataset } from "../src/data/dataset";
import { type RgbImage, readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { type LabelMap, readLabel } from "../src/data/label-png";
import { findImage } from "../src/data/photographs";
import { drawScribbles } from "../src/data/scribbles";
import { type Box, readBoxes } from "../src/data/voc-boxes";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import { type GrabCut, openGrabCut } from "../src/seeds/grabcut";
import { meanIou } from "./mean-iou";
import { strokeOnLargestError } from "./scripted-strokes";

/** Of one photograph; `ours` and `grabCut` hold the mean IoU of its classes after 0, 1, … strokes. */
interface Gain {
  readonly name: string;
  readonly strokes: ShapeStroke[];
  readonly ours: number[];
  readonly grabCut: number[];
  /** Share of the drawn pixels that the last label has as they were drawn. */
  held: number;
}

async function main([data, list, out, count = "30", most = "3"]: readonly string[]): Promise<void> {
  await useBackend("native", { threads: 1 });
  const dataset = await readDataset(data);
  const { ids } = await readImageList(list, data);
  const names = await boxedThroughout(ids, data, dataset);
  const gains: Gain[] = fs.existsSync(out) ? JSON.parse(fs.readFileSync(out, "utf8")) : [];
  const grabCut = openGrabCut();
  for (let i = 0; i < Number(count); i++) {
    const name = names[Math.floor((i * names.length) / Number(count))];
    if (gains.some((gain) => gain.name === name)) continue;
    const gain = await measure(name, data, dataset, grabCut, Number(most));
    gains.push(gain);
    fs.writeFileSync(out, `${JSON.stringify(gains)}\n`);
    process.stdout.write(`${name}: ours ${shown(gain.ours)}, GrabCut ${shown(gain.grabCut)}, held ${gain.held}\n`);
  }
  await grabCut.close();
  summarise(gains);
}

async function measure(
  name: string,
  data: string,
  dataset: DatasetDescription,
  grabCut: GrabCut,
  most: number,
): Promise<Gain> {
  const { ignore } = dataset;
  const image = await readRgb(await findImage(data, name));
  const truth = await readLabel(path.join(data, "SegmentationClass", `${name}.png`));
  const { boxes } = await readBoxes(path.join(data, "Annotations", `${name}.xml`), dataset, image);
  const gain: Gain = { name, strokes: [], ours: [], grabCut: [], held: 1 };
  const classes = [...new Set(boxes.map((box) => box.class))];
  let kept: Pick<Awaited<ReturnType<typeof labelPhotograph>>, "graph"> = {};
  try {
    for (;;) {
      const { strokes } = gain;
      const weak = strokes.length === 0 ? { boxes } : { boxes, strokes };
      const result = await labelPhotograph(image, weak, {
        dataset,
        name,
        features: "handcrafted",
        keepGraph: true,
        ...(kept.graph === undefined ? {} : { graph: kept.graph }),
      });
      kept = { graph: result.graph };
      const drawn = strokes.length === 0 ? undefined : drawScribbles(strokes, image, ignore, name).label;
      const cut = await cutLabel(image, boxes, drawn, grabCut, ignore);
      gain.ours.push(meanIou(result.label, truth, classes, ignore));
      gain.grabCut.push(meanIou(cut, truth, classes, ignore));
      if (drawn !== undefined) gain.held = heldShare(result.label, drawn, ignore);
      const next = strokes.length < most ? strokeOnLargestError([result.label, cut], truth, ignore) : undefined;
      if (next === undefined) return gain;
      strokes.push(next);
    }
  } finally {
    kept.graph?.dispose();
  }
}

/** Photographs with boxes of exactly the classes that their true label shows: a thing without a box cannot be judged. */
async function boxedThroughout(ids: readonly string[], data: string, dataset: DatasetDescription): Promise<string[]> {
  const names: string[] = [];
  for (const id of ids) {
    const truth = await readLabel(path.join(data, "SegmentationClass", `${id}.png`));
    const { boxes } = await readBoxes(path.join(data, "Annotations", `${id}.xml`), dataset, truth).catch(() => ({
      boxes: [],
    }));
    const shows = new Set([...truth.data].filter((value) => value !== 0 && value !== dataset.ignore));
    const boxed = new Set(boxes.map((box) => box.class));
    if (boxed.size > 0 && shows.size === boxed.size && [...boxed].every((label) => shows.has(label))) names.push(id);
  }
  return names;
}

/** GrabCut in each box; of overlapping boxes the smaller decides, as in the seeds. A stroke holds wherever it is. */
async function cutLabel(
  image: RgbImage,
  boxes: readonly Box[],
  drawn: LabelMap | undefined,
  grabCut: GrabCut,
  ignore: number,
): Promise<LabelMap> {
  const { width, height } = image;
  const data = new Uint8Array(width * height);
  const area = (box: Box): number => (box.xmax - box.xmin) * (box.ymax - box.ymin);
  for (const box of [...boxes].sort((a, b) => area(b) - area(a))) {
    const answer = await grabCut.cut(image, box, drawn && { data: drawn.data, ignore });
    const pixels = pixelsOf(box, image);
    if (pixels === undefined) continue;
    for (let y = pixels.top; y <= pixels.bottom; y++)
      for (let x = pixels.left; x <= pixels.right; x++)
        if ("failure" in answer || answer.foreground[y * width + x] === 1) data[y * width + x] = box.class;
  }
  const held = drawn === undefined ? data : data.map((value, i) => (drawn.data[i] === ignore ? value : drawn.data[i]));
  return { width, height, data: held };
}

function heldShare(label: LabelMap, drawn: LabelMap, ignore: number): number {
  let [held, all] = [0, 0];
  for (let i = 0; i < drawn.data.length; i++) {
    if (drawn.data[i] === ignore) continue;
    all++;
    if (label.data[i] === drawn.data[i]) held++;
  }
  return held / all;
}

/** Means over photographs after each stroke (those that needed no more keep their last figure), and per kind of stroke. */
function summarise(gains: readonly Gain[]): void {
  const most = Math.max(...gains.map(({ strokes }) => strokes.length));
  const mean = (values: readonly number[]): string =>
    values.length === 0 ? "–" : ((100 * values.reduce((a, b) => a + b, 0)) / values.length).toFixed(1);
  for (let n = 0; n <= most; n++) {
    const at = (values: readonly number[]): number => values[Math.min(n, values.length - 1)];
    const [ours, cut] = [gains.map(({ ours: of }) => at(of)), gains.map(({ grabCut: of }) => at(of))];
    process.stdout.write(`${n} strokes: ours ${mean(ours)}, GrabCut ${mean(cut)} (${gains.length} photographs)\n`);
  }
  for (const isBackground of [true, false]) {
    const steps = gains.flatMap(({ strokes, ours, grabCut }) =>
      strokes.flatMap(({ class: label }, i) =>
        (label === 0) === isBackground ? [{ ours: ours[i + 1] - ours[i], cut: grabCut[i + 1] - grabCut[i] }] : [],
      ),
    );
    const kind = isBackground ? "background" : "foreground";
    process.stdout.write(
      `a ${kind} stroke: ours +${mean(steps.map(({ ours }) => ours))}, GrabCut +${mean(steps.map(({ cut }) => cut))} (${steps.length} strokes)\n`,
    );
  }
}

function shown(values: readonly number[]): string {
  return values.map((value) => (100 * value).toFixed(1)).join(" ");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
