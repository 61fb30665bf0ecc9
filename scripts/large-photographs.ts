/**
 * What large photographs cost: one photograph of a folder, with its boxes and its mask, enlarged to so many megapixels, and
 * each step that meets its full size run on it in a process of its own. Prints seconds, the peak of memory (resident, all
 * threads), and the mIoU of the label, as a table in Markdown.
 *
 *     npm run large -- [--data DIR] [--id NAME] [--megapixels 0.2,1,12,50] [--threads N] [--segmenter WEIGHTS] [--out DIR]
 *       [-- options of make-pseudo-labels]
 *
 *   --data       a folder in VOC layout with JPEGImages, Annotations and, for mIoU, SegmentationClass [default: data/mini]
 *   --id         its photograph [default: the first]
 *   --megapixels [default: 0.2,1,12,50]
 *   --threads    of TensorFlow [default: all cores]
 *   --segmenter  weights of a segmentation network: `segment` runs too
 *   --out        where enlarged photographs and labels stay [default: a folder that is removed]
 */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { readDataset } from "../src/data/dataset";
import { findImage, readRgb } from "../src/data/image";
import { type LabelMap, readLabel, writeLabel } from "../src/data/label-png";
import { readBoxes } from "../src/data/voc-boxes";
import { encodeBoxes } from "../src/data/voc-xml";

const root = path.resolve(__dirname, "..");

interface Enlarged {
  readonly folder: string;
  readonly width: number;
  readonly height: number;
  readonly hasMask: boolean;
}

/** What `usage-at-exit.cjs` writes. */
interface Used {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakGigabytes: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: "string", default: path.join(root, "data/mini") },
      id: { type: "string" },
      megapixels: { type: "string", default: "0.2,1,12,50" },
      threads: { type: "string" },
      segmenter: { type: "string" },
      out: { type: "string" },
    },
  });
  const { data, megapixels, threads, segmenter, out } = values;
  const id = values.id ?? firstOf(data);
  const folder = out ?? fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-large-"));
  const common = threads === undefined ? [] : ["--threads", threads];
  try {
    console.log("| step | megapixels | s | CPU s | peak GB | mIoU |\n|---|---:|---:|---:|---:|---:|");
    for (const millions of megapixels.split(",").map(Number)) {
      const large = await enlarge(data, id, millions, path.join(folder, `${millions}`));
      const row = (step: string, { seconds, cpuSeconds, peakGigabytes }: Used, labels?: string): void => {
        const numbers = [seconds.toFixed(1), cpuSeconds.toFixed(1), peakGigabytes.toFixed(2)];
        console.log(`| ${[step, millions, ...numbers, labels === undefined ? "" : miou(large, labels)].join(" | ")} |`);
      };
      const at = (name: string): string => path.join(large.folder, name);
      const images = ["--voc12-root", large.folder, "--infer-list", "all.txt"];
      const label = ["make-pseudo-labels", "--supervision", "box", ...images, "--save-path", at("labels")];
      row("make-pseudo-labels --supervision box", used([...label, ...common, ...positionals]), at("labels"));
      row(
        "the same again, for --overlay alone",
        used([...label, ...common, ...positionals, "--overlay", at("overlays")]),
      );
      const seeds = ["make-seeds", "--supervision", "box", ...images, "--save-path", at("seeds")];
      row("make-seeds --supervision box", used(seeds));
      if (large.hasMask) row("evaluate", used(evaluation(large, at("labels"))));
      if (segmenter !== undefined) {
        const command = ["segment", ...images, "--weights", segmenter, "--save-path", at("segmented")];
        row("segment", used([...command, ...common]), at("segmented"));
      }
      if (out === undefined) fs.rmSync(large.folder, { recursive: true });
    }
  } finally {
    if (out === undefined) fs.rmSync(folder, { recursive: true, force: true });
  }
}

function firstOf(data: string): string {
  const [first] = fs.readdirSync(path.join(data, "JPEGImages")).sort();
  return path.parse(first).name;
}

/** Photograph, boxes and mask of one image at another size, in VOC layout. */
async function enlarge(data: string, id: string, megapixels: number, folder: string): Promise<Enlarged> {
  const dataset = await readDataset(data);
  const image = await readRgb(await findImage(data, id));
  const factor = Math.sqrt((megapixels * 1e6) / (image.width * image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.floor(side * factor));
  const place = (part: string, file: string): string => {
    fs.mkdirSync(path.join(folder, part), { recursive: true });
    return path.join(folder, part, file);
  };
  await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(width, height, { kernel: "cubic", fit: "fill" })
    .jpeg({ quality: 92 })
    .toFile(place("JPEGImages", `${id}.jpg`));
  const { boxes } = await readBoxes(path.join(data, "Annotations", `${id}.xml`), dataset, image);
  const scaled = boxes.map((box) => ({
    ...box,
    xmin: Math.round(box.xmin * factor),
    ymin: Math.round(box.ymin * factor),
    xmax: Math.round(box.xmax * factor),
    ymax: Math.round(box.ymax * factor),
  }));
  fs.writeFileSync(place("Annotations", `${id}.xml`), encodeBoxes(scaled, `${id}.jpg`, { width, height }, dataset));
  fs.writeFileSync(place("ImageSets/Segmentation", "all.txt"), `${id}\n`);
  const described = path.join(data, "dataset.json");
  if (fs.existsSync(described)) fs.copyFileSync(described, path.join(folder, "dataset.json"));
  const mask = path.join(data, "SegmentationClass", `${id}.png`);
  const hasMask = fs.existsSync(mask);
  if (hasMask) {
    const label = nearest(await readLabel(mask), width, height);
    await writeLabel(place("SegmentationClass", `${id}.png`), label, dataset.palette);
  }
  return { folder, width, height, hasMask };
}

function nearest(label: LabelMap, width: number, height: number): LabelMap {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * label.height) / height) * label.width;
    for (let x = 0; x < width; x++) data[y * width + x] = label.data[row + Math.floor((x * label.width) / width)];
  }
  return { width, height, data };
}

function evaluation({ folder }: Enlarged, labels: string): string[] {
  return ["evaluate", "--pred", labels, "--gt", path.join(folder, "SegmentationClass"), "--voc12-root", folder];
}

function miou(large: Enlarged, labels: string): string {
  if (!large.hasMask) return "";
  const { mIoU } = JSON.parse(run([...evaluation(large, labels), "--json"])) as { readonly mIoU: number };
  return (100 * mIoU).toFixed(1);
}

/** Runs the built command line with these words. */
function used(words: readonly string[]): Used {
  const file = path.join(os.tmpdir(), `a2gnn-usage-${process.pid}.json`);
  fs.rmSync(file, { force: true });
  run(words, { A2GNN_USAGE: file });
  const written = fs.readFileSync(file, "utf8").trim().split("\n");
  fs.rmSync(file);
  return JSON.parse(written[0]);
}

function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  const preload = path.join(__dirname, "usage-at-exit.cjs");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", preload, path.join(root, "dist/cli.js"), ...words],
    { env: { ...process.env, ...environment }, encoding: "utf8", maxBuffer: 1 << 26 },
  );
  if (status !== 0) throw new Error(`a2gnn ${words.join(" ")} ended with ${status}:\n${stderr}`);
  return stdout;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
