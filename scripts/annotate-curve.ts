/**
 * The interaction curve of docs/annotate.md: a scripted annotator begins with one stroke in the middle of each class and
 * then always strokes the largest region that the label has wrong, along its middle. After each stroke: mean IoU over the
 * classes of the photograph, of the page's quick label and, at some strokes, of its full one. The strokes are kept, so
 * that others can be measured with the very same.
 *
 * usage: node --import tsx scripts/annotate-curve.ts DATA LIST OUT.json [PHOTOGRAPHS] [STROKES]
 */

import fs from "node:fs";
import path from "node:path";
import { firstPassOptions } from "../src/annotate/first-pass";
import type { ShapeStroke, Shapes } from "../src/annotate/protocol";
import { useBackend } from "../src/backend";
import { readDataset } from "../src/data/dataset";
import { readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { type LabelMap, readLabel } from "../src/data/label-png";
import { findImage } from "../src/data/photographs";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import { firstStrokes, strokeOnLargestError } from "./scripted-strokes";

/** Full labels take long: they are made after these strokes. */
const FULL_AFTER = [8];

interface Curve {
  readonly name: string;
  readonly strokes: ShapeStroke[];
  readonly quick: (readonly [strokes: number, miou: number, cpuSeconds: number])[];
  readonly full: (readonly [strokes: number, miou: number, cpuSeconds: number])[];
}

async function main([data, list, out, count = "10", most = "12"]: readonly string[]): Promise<void> {
  await useBackend("native", { threads: 2 });
  const dataset = await readDataset(data);
  const { ids } = await readImageList(list, data);
  const step = Math.floor(ids.length / Number(count));
  const curves: Curve[] = fs.existsSync(out) ? JSON.parse(fs.readFileSync(out, "utf8")) : [];
  for (let i = 0; i < Number(count); i++) {
    const name = ids[i * step];
    if (curves.some((curve) => curve.name === name)) continue;
    const image = await readRgb(await findImage(data, name));
    const truth = await readLabel(path.join(data, "SegmentationClass", `${name}.png`));
    const curve: Curve = { name, strokes: firstStrokes(truth, dataset.ignore), quick: [], full: [] };
    let earlier: Parameters<typeof firstPassOptions>[1];
    let graph: Awaited<ReturnType<typeof labelPhotograph>>["graph"];
    for (;;) {
      const { strokes } = curve;
      const shapes: Shapes = { boxes: [], strokes, clicks: [], pins: [] };
      const common = { dataset, name };
      const started = process.cpuUsage();
      const quick = await labelPhotograph(
        image,
        { strokes },
        {
          ...common,
          ...firstPassOptions(image, earlier, shapes),
          keepGraph: true,
          ...(graph === undefined ? {} : { graph }),
        },
      );
      ({ graph } = quick);
      earlier = { learned: quick.learned, settings: quick.settings, classes: quick.classes };
      curve.quick.push([strokes.length, miou(quick.label, truth, dataset.ignore), cpuSince(started)]);
      if (FULL_AFTER.includes(strokes.length) || strokes.length >= Number(most)) {
        const begun = process.cpuUsage();
        const full = await labelPhotograph(image, { strokes }, common);
        curve.full.push([strokes.length, miou(full.label, truth, dataset.ignore), cpuSince(begun)]);
      }
      if (strokes.length >= Number(most)) break;
      const next = strokeOnLargestError([quick.label], truth, dataset.ignore);
      if (next === undefined) break;
      strokes.push(next);
    }
    graph?.dispose();
    curves.push(curve);
    fs.writeFileSync(out, JSON.stringify(curves));
    const shown = curve.quick.map(([, value]) => (100 * value).toFixed(0)).join(" ");
    process.stdout.write(`${name}: ${shown}; full ${curve.full.map(([n, v]) => `${n}: ${(100 * v).toFixed(0)}`)}\n`);
  }
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Over the classes that the photograph shows; unknown pixels of the truth do not count. */
function miou(label: LabelMap, truth: LabelMap, ignore: number): number {
  const classes = [...new Set(truth.data)].filter((value) => value !== ignore);
  const shares = classes.map((value) => {
    let [both, either] = [0, 0];
    for (let i = 0; i < truth.data.length; i++) {
      if (truth.data[i] === ignore) continue;
      const [a, b] = [label.data[i] === value, truth.data[i] === value];
      if (a && b) both++;
      if (a || b) either++;
    }
    return both / either;
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
