/** Bad input of make-pseudo-labels: the image is named, the rest continues, nothing half written stays. */

import assert from "node:assert/strict";
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, mock, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { encode } from "fast-png";
import { useBackend } from "../src/backend";
import type { MakePseudoLabelsConfig } from "../src/config/make-pseudo-labels";
import { readLabel } from "../src/data/label-png";
import { silentReporter } from "../src/running/reporter";
import { encodeCams } from "../src/seam/cam-dictionary";
import { type MakePseudoLabelsSummary, makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { boxXml, IGNORE, map, SIZE, writeTinyDataset, writeTinyLabel } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-unusable-"));
const pristine = path.join(work, "pristine");
const root = path.join(work, "data");
const savePath = path.join(work, "out");
let tensors = 0;

before(async () => {
  await useBackend();
  await writeTinyDataset(pristine, 2);
  tensors = tf.memory().numTensors;
});
beforeEach(() => {
  for (const folder of [root, savePath]) fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(pristine, root, { recursive: true });
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

const at = (...names: string[]): string => path.join(root, ...names);

async function run(config: Partial<MakePseudoLabelsConfig>): Promise<MakePseudoLabelsSummary & { warnings: string }> {
  const warnings: string[] = [];
  const summary = await makePseudoLabels.run(
    { voc12Root: root, inferList: "train.txt", savePath, hidden: 8, epochs: 2, supervision: "box", ...config },
    { reporter: { ...silentReporter, warn: (message) => warnings.push(message) } },
  );
  return { ...summary, warnings: warnings.join("\n") };
}

/** img0 fails for this reason, img1 is labelled, and nothing else lies in the folder. */
async function failsFirst(reason: RegExp, config: Partial<MakePseudoLabelsConfig> = {}): Promise<void> {
  const summary = await run(config);
  assert.deepEqual(
    summary.failed.map(({ image }) => image),
    ["img0"],
  );
  assert.match(summary.failed[0].reason, reason);
  assert.match(summary.warnings, /^image "img0": /m);
  assert.equal(summary.done, 1);
  assert.deepEqual(fs.readdirSync(savePath), [".a2gnn", "img1.png", "run.json", "settings.json"]);
}

const seeds = { seedLabelRoot: at("SeedLabel") } as const;
const cams = { ...seeds, supervision: "image", camDir: at("cam") } as const;

test("missing JPEG", async () => {
  fs.rmSync(at("JPEGImages", "img0.jpg"));
  await failsFirst(/no image "img0" \(\.jpg, .*JPEGImages/);
});

test("corrupt JPEG: truncated, or no image at all", async () => {
  const file = at("JPEGImages", "img0.jpg");
  fs.writeFileSync(file, fs.readFileSync(file).subarray(0, 500));
  await failsFirst(/cannot decode image: .*img0\.jpg/);
  fs.rmSync(savePath, { recursive: true });
  fs.writeFileSync(file, "not a picture");
  await failsFirst(/cannot decode image/);
});

test("missing seed label, seed label of another size", async () => {
  fs.rmSync(at("SeedLabel", "img0.png"));
  await failsFirst(/no such file \(.*img0\.png\)/, seeds);
  fs.rmSync(savePath, { recursive: true });
  writeTinyLabel(at("SeedLabel", "img0.png"), new Uint8Array(20 * 10), { width: 20, height: 10 });
  await failsFirst(/44×36 pixels.*got 20×10.*img0\.png/, seeds);
});

test("16-bit and RGB label PNG", async () => {
  const file = at("SeedLabel", "img0.png");
  fs.writeFileSync(file, encode({ ...SIZE, depth: 16, channels: 1, data: new Uint16Array(SIZE.width * SIZE.height) }));
  await failsFirst(/8-bit palette or grey PNG as label, got 16-bit grey PNG.*img0\.png/, seeds);
  fs.rmSync(savePath, { recursive: true });
  fs.writeFileSync(file, encode({ ...SIZE, channels: 3, data: new Uint8Array(SIZE.width * SIZE.height * 3) }));
  await failsFirst(/got 8-bit RGB PNG/, seeds);
});

test("seed label with a value that is no class", async () => {
  writeTinyLabel(at("SeedLabel", "img0.png"), new Uint8Array(SIZE.width * SIZE.height).fill(7));
  await failsFirst(/label values 0 to 2 or 255, got 7/, seeds);
});

const box = { name: "brick", xmin: 8, ymin: 7, xmax: 27, ymax: 26 };
for (const [name, object, reason] of [
  [
    "unknown class name",
    { ...box, name: "unicorn" },
    /class of the data set \(background, brick, leaf\), got "unicorn"/,
  ],
  ["inverted box", { ...box, xmin: 27, xmax: 8 }, /xmin ≤ xmax/],
  ["box of NaN", { ...box, ymin: "NaN" }, /four numbers, got .*ymin NaN/],
  ["box wholly outside", { ...box, xmin: 60, xmax: 80 }, /box within 44×36 pixels/],
] as const)
  test(name, async () => {
    fs.writeFileSync(at("Annotations", "img0.xml"), boxXml([box, object]));
    await failsFirst(reason);
  });

test("float boxes are rounded with a notice", async () => {
  fs.writeFileSync(at("Annotations", "img0.xml"), boxXml([{ ...box, xmin: 8.4, xmax: 26.7 }]));
  const summary = await run({});
  assert.equal(summary.done, 2);
  assert.match(summary.notices.join("\n"), /image "img0": 1 box with fractional coordinates rounded/);
});

test("no boxes: named, or background on demand; no XML at all", async () => {
  fs.writeFileSync(at("Annotations", "img0.xml"), boxXml([]));
  await failsFirst(/no boxes in .*img0\.xml/);
  const summary = await run({ withoutBoxes: "background" });
  assert.deepEqual([summary.done, summary.skipped, summary.failed.length], [1, 1, 0]);
  assert.ok((await readLabel(path.join(savePath, "img0.png"))).data.every((label) => label === 0));
  fs.rmSync(savePath, { recursive: true });
  fs.rmSync(at("Annotations", "img0.xml"));
  await failsFirst(
    /no boxes in VOC XML \(.*img0\.xml is missing\); it has 2 clicks and strokes: --supervision mixed labels it/,
  );
  fs.rmSync(savePath, { recursive: true });
  fs.rmSync(at("points.json"));
  fs.rmSync(at("Scribbles"), { recursive: true });
  await failsFirst(/img0\.xml is missing\); --without-boxes background takes such images as background/);
});

test("no background or no foreground seeds: the image is labelled, with a notice", async () => {
  writeTinyLabel(
    at("SeedLabel", "img0.png"),
    map((x) => (x < 20 ? 1 : IGNORE)),
  );
  writeTinyLabel(
    at("SeedLabel", "img1.png"),
    map((x) => (x < 20 ? 0 : IGNORE)),
  );
  for (const supervision of ["scribble", "box"] as const) {
    const summary = await run({ ...seeds, supervision, seedPadding: "ignore" });
    assert.deepEqual([summary.done, summary.failed.length], [2, 0]);
    assert.match(summary.notices.join("\n"), /"img0": no background seeds[\s\S]*"img1": no foreground seeds/);
    fs.rmSync(savePath, { recursive: true });
  }
});

test("no seeds at all, no scribbles, no clicks", async () => {
  writeTinyLabel(
    at("SeedLabel", "img0.png"),
    map(() => IGNORE),
  );
  await failsFirst(/no seeds/, seeds);
  fs.rmSync(savePath, { recursive: true });
  fs.rmSync(at("Scribbles", "img0.txt"));
  await failsFirst(/no scribbles: expected img0\.txt, \.xml or \.png/, { supervision: "scribble" });
  fs.rmSync(savePath, { recursive: true });
  fs.writeFileSync(at("points.json"), JSON.stringify({ img1: { fg: [{ x: 12, y: 12, cls: 1 }] } }));
  await failsFirst(/no clicks/, { supervision: "point" });
});

test("CAM: missing, of another size, without its classes, none, broken", async () => {
  const file = at("cam", "img0.npy");
  const write = (width: number, label?: number): void => {
    const maps = new Map(label === undefined ? [] : [[label, new Float32Array(width * SIZE.height)]]);
    fs.writeFileSync(file, encodeCams({ width, height: SIZE.height, maps }));
  };
  const next = (): void => fs.rmSync(savePath, { recursive: true });
  write(SIZE.width - 1, 1);
  await failsFirst(/a map of 44×36 pixels, as its image has, got 43×36.*img0\.npy/, cams);
  next();
  write(SIZE.width, 2);
  await failsFirst(/activation maps of brick, got leaf .*img0\.npy/, cams);
  next();
  write(SIZE.width);
  await failsFirst(/activation maps of brick, got none/, cams);
  next();
  fs.writeFileSync(file, fs.readFileSync(file).subarray(0, 90));
  await failsFirst(/img0\.npy/, cams);
  next();
  fs.rmSync(file);
  await failsFirst(/no class activation maps: .*img0\.npy is missing/, cams);
});

test("lists: ../ in a name, empty, missing", async () => {
  const list = at("list.txt");
  fs.writeFileSync(list, "img0\n../../etc/passwd\n");
  await assert.rejects(run({ inferList: list }), {
    code: "input",
    message: /image id.*"\.\.\/\.\.\/etc\/passwd".*list\.txt:2/,
  });
  fs.writeFileSync(list, "\n\n");
  await assert.rejects(run({ inferList: list }), { code: "input", message: /at least one image, got none/ });
  await assert.rejects(run({ inferList: "none.txt" }), { code: "input", message: /no image list "none\.txt"/ });
});

test("without the default list: every image where there are no lists, else the lists are named", async () => {
  await assert.rejects(run({ inferList: undefined }), {
    code: "input",
    message: /"train_aug\.txt".*there are: train\.txt/,
  });
  fs.rmSync(at("ImageSets"), { recursive: true });
  const { split, images, notices } = await run({ inferList: undefined });
  assert.deepEqual([split, images], ["all", 2]);
  assert.match(notices.join("\n"), /all 2 images/);
});

test("unwritable folder: said before any work", async () => {
  const file = path.join(work, "a-file");
  fs.writeFileSync(file, "");
  for (const config of [{ savePath: path.join(file, "out") }, { overlay: file }])
    await assert.rejects(run(config), { code: "output", message: /cannot write in the folder .*a-file/ });
});

test("full disk while writing a label: named, the rest continues, nothing half written", async () => {
  const { writeFile } = fsPromises;
  mock.method(fsPromises, "writeFile", async (file: string, bytes: Uint8Array) => {
    if (!path.basename(file).startsWith(".img0.png")) return writeFile(file, bytes);
    await writeFile(file, bytes.subarray(0, 10));
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  try {
    await failsFirst(/cannot write .*img0\.png: ENOSPC/);
  } finally {
    mock.restoreAll();
  }
  const summary = await run({});
  assert.deepEqual([summary.done, summary.skipped], [1, 1]);
});

test("what a killed run left half written is swept away once it is old", async () => {
  fs.mkdirSync(savePath);
  const [old, young] = [".img0.png.123.0.tmp", ".img1.png.124.0.tmp"].map((name) => path.join(savePath, name));
  for (const file of [old, young]) fs.writeFileSync(file, "half");
  fs.utimesSync(old, 1, 1);
  const summary = await run({});
  assert.equal(summary.done, 2);
  assert.deepEqual(fs.readdirSync(savePath).sort(), [
    ".a2gnn",
    ".img1.png.124.0.tmp",
    "img0.png",
    "img1.png",
    "run.json",
    "settings.json",
  ]);
});
