/**
 * What the steps that label photographs cost by pixels and classes: the constants of `src/label-photograph/cost.ts`, which
 * `check` and `--dry-run` estimate by. `node --import tsx bench/step-costs.ts [CASE …] [WIDTHxHEIGHT …]`: a row a case and size with
 * core-seconds (the backend's start not among them) and the peak of memory.
 */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import sharp from "sharp";
import { VOC } from "../src/data/voc";
import { encodeBoxes } from "../src/data/voc-xml";
import { inOwnProcess, reportFailure } from "./own-process";
import { syntheticPhotograph } from "./synthetic-photograph";

const SIZES = [
  [500, 375],
  [1152, 864],
  [4000, 3000],
] as const;

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const asked = words.filter((word) => !/^\d/.test(word));
  const sizes = words.filter((word) => /^\d+x\d+$/.test(word)).map((word) => word.split("x").map(Number));
  for (const [width, height] of sizes.length > 0 ? sizes : SIZES)
    for (const classes of width * height > 2e6 ? [3] : [1, 3]) {
      const root = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-costs-"));
      await writeFolder(root, width, height, classes);
      for (const [name, config] of Object.entries(casesOf(root))) {
        if (asked.length > 0 && !asked.includes(name)) continue;
        const { step, ...options } = config;
        const savePath = path.join(root, name);
        const measured = await inOwnProcess("run-step.ts", { name: step, config: { ...options, savePath } });
        const row = {
          case: name,
          megapixels: (width * height) / 1e6,
          classes: classes + 1,
          coreSeconds: measured.cpuSeconds,
          gigabytes: measured.peakGigabytes,
        };
        process.stdout.write(`${JSON.stringify(row)}\n`);
      }
      fs.rmSync(root, { recursive: true });
    }
}

function casesOf(root: string): Record<string, { step: string } & Record<string, unknown>> {
  const common = { voc12Root: root, crfThreads: 1 };
  const label = { step: "make-pseudo-labels", ...common };
  return {
    seeds: { step: "make-seeds", voc12Root: root, supervision: "box", threads: 1 },
    box: { ...label, supervision: "box" },
    point: { ...label, supervision: "point", features: "handcrafted", rw: false },
    "scribble-handcrafted": { ...label, supervision: "scribble", features: "handcrafted" },
    "scribble-imagenet": { ...label, supervision: "scribble", features: "imagenet" },
  };
}

async function writeFolder(root: string, width: number, height: number, classes: number): Promise<void> {
  const names = VOC.classes;
  for (const folder of ["JPEGImages", "Annotations", "Scribbles"]) fs.mkdirSync(path.join(root, folder));
  const { image, boxes } = syntheticPhotograph(width, height, 1);
  const labelled = boxes.slice(0, 3).map((box, i) => ({ ...box, class: 1 + (i % classes) }));
  const jpeg = sharp(image.data, { raw: { width, height, channels: 3 } }).jpeg();
  await jpeg.toFile(path.join(root, "JPEGImages", "a.jpg"));
  const xml = encodeBoxes(labelled, "a.jpg", image, VOC);
  fs.writeFileSync(path.join(root, "Annotations", "a.xml"), xml);
  const middles = labelled.map((box) => ({
    x: (box.xmin + box.xmax) / 2,
    y: (box.ymin + box.ymax) / 2,
    cls: names[box.class],
  }));
  const points = { a: { fg: middles, bg: [{ x: 3, y: 3 }] } };
  const strokes = labelled.map((box, i) => {
    const y = Math.round(middles[i].y);
    return `${box.class},${box.xmin},${y},${box.xmax},${y}`;
  });
  fs.writeFileSync(path.join(root, "Scribbles", "a.txt"), [...strokes, `0,2,2,${width - 3},2`].join("\n"));
  fs.writeFileSync(path.join(root, "points.json"), JSON.stringify(points));
}

main().catch(reportFailure);
