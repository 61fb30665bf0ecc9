import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { affinityShapes } from "../src/affinity/affinity-net";
import { useBackend } from "../src/backend";
import type { MakePseudoLabelsConfig } from "../src/config/make-pseudo-labels";
import { readRgb } from "../src/data/image";
import { readLabel } from "../src/data/label-png";
import { denseCrf, mostProbableClass } from "../src/dense-crf/dense-crf";
import { type Reporter, silentReporter } from "../src/running/reporter";
import { setUpBackbone } from "../src/setup/backbone";
import { evaluate } from "../src/steps/evaluate";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { formulaParameters } from "../src/weights/formula";
import { decodeNpy } from "../src/weights/npy";
import { writeSafetensors } from "../src/weights/safetensors";
import { CLASSES, idOf, SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-labels-"));
const root = path.join(work, "data");
const COUNT = 4;
let tensors = 0;

before(async () => {
  await useBackend();
  await writeTinyDataset(root, COUNT);
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

const quick = { hidden: 16, epochs: 10, inferList: "train.txt", voc12Root: root } as const;

function labelBytes(folder: string): Record<string, string> {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".png")) : [];
  return Object.fromEntries(names.sort().map((name) => [name, fs.readFileSync(path.join(folder, name), "base64")]));
}

async function accuracy(folder: string): Promise<number> {
  const { pixelAccuracy } = await evaluate.run({ pred: folder, voc12Root: root, list: "train.txt" });
  return pixelAccuracy ?? 0;
}

const cases: readonly [string, Partial<MakePseudoLabelsConfig>][] = [
  ["boxes straight from XML", { supervision: "box" }],
  ["scribbles straight from their files", { supervision: "scribble", features: "handcrafted" }],
  ["points straight from their file, no CAMs", { supervision: "point", features: "handcrafted" }],
  ["points with CAMs", { supervision: "point", features: "handcrafted", camDir: path.join(root, "cam") }],
  [
    "image tags: seed labels and CAMs",
    { supervision: "image", seedLabelRoot: path.join(root, "SeedLabel"), camDir: path.join(root, "cam") },
  ],
];

for (const [name, config] of cases)
  test(name, async () => {
    const savePath = path.join(work, name);
    const summary = await makePseudoLabels.run({ ...quick, epochs: 30, ...config, savePath });
    assert.deepEqual(
      [summary.images, summary.done, summary.skipped, summary.failed, summary.left],
      [COUNT, COUNT, 0, [], 0],
    );
    assert.deepEqual(
      [summary.split, summary.supervision, summary.features],
      ["train", config.supervision, "handcrafted"],
    );
    const label = await readLabel(path.join(savePath, "img1.png"));
    assert.deepEqual([label.width, label.height], [SIZE.width, SIZE.height]);
    assert.ok(label.data.every((value) => value < CLASSES.length));
    const score = await accuracy(savePath);
    assert.ok(score > 0.85, `pixel accuracy ${score}`);
  });

test("strokes take what the ImageNet backbone sees for their nodes, once it is set up, and say so", async () => {
  await setUpBackbone();
  const config = {
    ...quick,
    supervision: "scribble",
    savePath: path.join(work, "imagenet"),
  } as const;
  const summary = await makePseudoLabels.run({ ...config, shard: `1/${COUNT}` });
  assert.match(summary.features, /^efficientnet-lite2/);
  assert.match(summary.notices.join("\n"), /what an ImageNet network sees \(--features handcrafted goes without it\)/);
});

test("clicks without one on the background: the rim is, with a notice", async () => {
  const points = path.join(work, "foreground-only.json");
  const all = JSON.parse(fs.readFileSync(path.join(root, "points.json"), "utf8"));
  fs.writeFileSync(
    points,
    JSON.stringify(
      Object.fromEntries(Object.entries(all).map(([id, clicks]) => [id, { fg: (clicks as { fg: unknown }).fg }])),
    ),
  );
  const savePath = path.join(work, "foreground-only");
  const config = { ...quick, epochs: 30, supervision: "point", features: "handcrafted", points, savePath } as const;
  const summary = await makePseudoLabels.run(config);
  assert.deepEqual([summary.done, summary.failed], [COUNT, []]);
  assert.match(summary.notices.join("\n"), /"img0": no click on the background: the rim counts as background/);
  const score = await accuracy(savePath);
  assert.ok(score > 0.85, `pixel accuracy ${score}`);
});

test("the affinity network's graph, of a width that is read from the weights", async () => {
  const weights = path.join(work, "tiny.safetensors");
  await writeSafetensors(weights, formulaParameters(affinityShapes(4), 1));
  const config = { ...quick, supervision: "scribble", weights, savePath: path.join(work, "network") } as const;
  const summary = await makePseudoLabels.run(config);
  assert.deepEqual([summary.done, summary.failed, summary.features], [COUNT, [], "tiny.safetensors"]);
  assert.deepEqual(
    summary.notices.filter((notice) => notice.includes("handcrafted")),
    [],
  );
  const missing = { ...config, weights: path.join(work, "none.pth"), savePath: path.join(work, "no-network") };
  await assert.rejects(makePseudoLabels.run(missing), { name: "UserError", message: /none\.pth/ });
});

test("a second run skips what is there and makes again only what is missing, to the byte", async () => {
  const config = { ...quick, supervision: "box", savePath: path.join(work, "resume") } as const;
  await makePseudoLabels.run(config);
  const whole = labelBytes(config.savePath);
  assert.equal(Object.keys(whole).length, COUNT);
  const again = await makePseudoLabels.run(config);
  assert.deepEqual([again.done, again.skipped], [0, COUNT]);
  fs.rmSync(path.join(config.savePath, "img2.png"));
  const third = await makePseudoLabels.run(config);
  assert.deepEqual([third.done, third.skipped], [1, COUNT - 1]);
  assert.deepEqual(labelBytes(config.savePath), whole);
});

test("labels of other settings are made again, which is said, and both are noted beside the labels", async () => {
  const config = { ...quick, supervision: "box", savePath: path.join(work, "settings") } as const;
  const first = await makePseudoLabels.run(config);
  const same = await makePseudoLabels.run({ ...config, shard: "1/2", overlay: path.join(work, "settings-overlay") });
  const other = await makePseudoLabels.run({ ...config, epochs: 11 });
  const again = await makePseudoLabels.run({ ...config, epochs: 11 });
  for (const { notices } of [first, same, again]) assert.doesNotMatch(notices.join("\n"), /made again/);
  assert.match(
    other.notices.join("\n"),
    /4 files in .* made again, as settings or inputs have changed \(epochs 10, now 11; crfEpochs 10, now 11\)/,
  );
  assert.deepEqual([other.done, again.done, again.skipped], [COUNT, 0, COUNT]);
  const noted = JSON.parse(fs.readFileSync(path.join(config.savePath, "settings.json"), "utf8"));
  assert.deepEqual(
    noted.map(({ epochs }: { epochs: number }) => epochs),
    [10, 11],
  );
  assert.deepEqual([noted[0].supervision, noted[0].radius, noted[0].classes.length], ["box", 4, 3]);
});

test("two shards make the bytes of the whole; another seed makes others", async () => {
  const config = { ...quick, supervision: "scribble", outProb: path.join(work, "p0") } as const;
  await makePseudoLabels.run({ ...config, savePath: path.join(work, "whole") });
  const [one, two, other] = ["one", "two", "other"].map((name) => path.join(work, name));
  const first = await makePseudoLabels.run({ ...config, savePath: one, shard: "1/2" });
  const second = await makePseudoLabels.run({ ...config, savePath: two, shard: "2/2" });
  assert.deepEqual([first.images, second.images], [COUNT / 2, COUNT / 2]);
  assert.deepEqual({ ...labelBytes(one), ...labelBytes(two) }, labelBytes(path.join(work, "whole")));
  await makePseudoLabels.run({ ...config, savePath: other, outProb: path.join(work, "p1"), seed: 1 });
  const probabilities = ["p0", "p1"].map((name) => fs.readFileSync(path.join(work, name, "img0.npy")));
  assert.notDeepEqual(probabilities[0], probabilities[1]);
});

test("labels do not depend on how many images are in flight", async () => {
  const common = { ...quick, supervision: "box" as const };
  const savePath = path.join(work, "in-flight");
  const { done } = await makePseudoLabels.run({ ...common, inFlight: 3, savePath });
  assert.equal(done, COUNT);
  const alone = path.join(work, "alone");
  await makePseudoLabels.run({ ...common, inFlight: 1, savePath: alone });
  assert.deepEqual(labelBytes(savePath), labelBytes(alone));
});

test("overlay and probabilities; a label alone is not done where they are asked for", async () => {
  const savePath = path.join(work, "extras");
  const extras = { overlay: path.join(savePath, "overlay"), outProb: path.join(savePath, "prob") };
  await makePseudoLabels.run({ ...quick, supervision: "box", savePath });
  const plain = labelBytes(savePath);
  const summary = await makePseudoLabels.run({ ...quick, supervision: "box", savePath, ...extras });
  assert.deepEqual([summary.done, summary.skipped], [COUNT, 0]);
  assert.deepEqual(labelBytes(savePath), plain);
  assert.equal(Object.keys(labelBytes(extras.overlay)).length, COUNT);
  const { shape, data } = decodeNpy(fs.readFileSync(path.join(extras.outProb, "img0.npy")), "img0");
  assert.deepEqual(shape, [CLASSES.length, SIZE.height, SIZE.width]);
  const pixels = SIZE.width * SIZE.height;
  for (let i = 0; i < pixels; i += 97) {
    const sum = [0, 1, 2].reduce((total, c) => total + data[c * pixels + i], 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `probabilities of pixel ${i} sum to ${sum}`);
  }
});

test("classes that no image names change nothing with handcrafted features", async () => {
  const description = JSON.parse(fs.readFileSync(path.join(root, "dataset.json"), "utf8"));
  const many = path.join(work, "many-classes");
  fs.cpSync(root, many, { recursive: true });
  const classes = [...CLASSES, ...Array.from({ length: 60 }, (_, i) => `other ${i}`)];
  fs.writeFileSync(path.join(many, "dataset.json"), JSON.stringify({ ...description, classes }));
  const [few, more] = [path.join(work, "few"), path.join(work, "more")];
  await makePseudoLabels.run({ ...quick, supervision: "scribble", savePath: few, outProb: few });
  await makePseudoLabels.run({ ...quick, supervision: "scribble", voc12Root: many, savePath: more, outProb: more });
  const [a, b] = [few, more].map((folder) => decodeNpy(fs.readFileSync(path.join(folder, "img0.npy")), "img0"));
  assert.deepEqual(b.shape, [classes.length, SIZE.height, SIZE.width]);
  assert.deepEqual(b.data.slice(0, a.data.length), a.data);
  assert.ok(b.data.slice(a.data.length).every((value) => value === 0));
  const [one, other] = await Promise.all([few, more].map((folder) => readLabel(path.join(folder, "img0.png"))));
  assert.deepEqual(other.data, one.data);
});

test("the label is the dense CRF's strongest class on those probabilities, or theirs with --dense-crf off", async () => {
  const list = path.join(work, "first.txt");
  fs.writeFileSync(list, idOf(0));
  const image = await readRgb(path.join(root, "JPEGImages", "img0.jpg"));
  for (const denseCrfOn of [true, false]) {
    const savePath = path.join(work, `crf-${denseCrfOn}`);
    const config = { ...quick, supervision: "box", boxLimit: false, inferList: list, denseCrf: denseCrfOn } as const; // nothing is drawn: that would hold
    await makePseudoLabels.run({ ...config, savePath, outProb: savePath, crfBilateralSrgb: 7, crfIterations: 4 });
    const { data } = decodeNpy(fs.readFileSync(path.join(savePath, "img0.npy")), "img0");
    const pixels = SIZE.width * SIZE.height;
    const rows = Float32Array.from(data, (_, i) => data[(i % 3) * pixels + Math.floor(i / 3)]); // [K, H, W] → [H·W, K]
    const options = { gaussian: { sxy: 2, compat: 3 }, bilateral: { sxy: 50, srgb: 7, compat: 10 }, iterations: 4 };
    const scores = denseCrfOn ? denseCrf(image.data, image.width, image.height, rows, options) : rows;
    assert.deepEqual((await readLabel(path.join(savePath, "img0.png"))).data, mostProbableClass(scores, 3));
  }
});

test("killed in the middle, then run again: the bytes of an uninterrupted run", async () => {
  const flags = ["--root", root, "--infer-list", "train.txt", "--supervision", "box", "--hidden", "16"];
  const config = { ...quick, supervision: "box", epochs: 40 } as const;
  const whole = path.join(work, "uninterrupted");
  await makePseudoLabels.run({ ...config, savePath: whole });

  const savePath = path.join(work, "killed");
  const cli = path.join(__dirname, "..", "src", "cli.ts");
  const words = ["make-pseudo-labels", ...flags, "--epochs", "40", "--save-path", savePath, "--quiet"];
  const child = spawn(process.execPath, ["--import", "tsx", cli, ...words], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "exit");
  while (child.exitCode === null && Object.keys(labelBytes(savePath)).length === 0) await wait(5);
  child.kill("SIGKILL");
  await ended;
  const there = labelBytes(savePath);
  assert.ok(Object.keys(there).length > 0, "the child wrote nothing");
  for (const name of Object.keys(there)) assert.equal(there[name], labelBytes(whole)[name], "a broken label");
  const summary = await makePseudoLabels.run({ ...config, savePath });
  assert.equal(summary.done + summary.skipped, COUNT);
  assert.equal(summary.skipped, Object.keys(there).length);
  assert.deepEqual(labelBytes(savePath), labelBytes(whole));
});

test("an abort finishes the image in hand and says what is left", async () => {
  const controller = new AbortController();
  const reporter: Reporter = {
    ...silentReporter,
    progress: ({ label, detail }) => {
      if (label === "img1" && detail?.startsWith("step 3/")) controller.abort();
    },
  };
  const summary = await makePseudoLabels.run(
    { ...quick, supervision: "box", savePath: path.join(work, "aborted") },
    { reporter, signal: controller.signal },
  );
  assert.deepEqual([summary.done, summary.left], [2, COUNT - 2]);
  assert.match(summary.notices.join("\n"), /stopped: 2 images not begun/);
});

test("options change what they say, and only that", async () => {
  const label = async (name: string, config: Partial<MakePseudoLabelsConfig>): Promise<string> => {
    const savePath = path.join(work, name);
    const list = path.join(work, "first.txt");
    fs.writeFileSync(list, idOf(0));
    await makePseudoLabels.run({
      ...quick,
      supervision: "box",
      inferList: list,
      savePath,
      outProb: savePath,
      ...config,
    });
    return fs.readFileSync(path.join(savePath, "img0.npy"), "base64");
  };
  const plain = await label("plain", {});
  assert.equal(await label("same", { logitResize: "direct", seedPadding: "ignore", epochs: 10 }), plain);
  assert.notEqual(await label("crop", { logitResize: "crop" }), plain);
  assert.notEqual(await label("padding", { seedPadding: "background" }), plain);
  assert.notEqual(await label("no-mp", { multiPoint: false }), plain);
  assert.notEqual(await label("layers", { layers: 1 }), plain);
  assert.notEqual(await label("crf-weight", { crfWeight: 1 }), plain);
  assert.notEqual(await label("consistency", { consistencyThreshold: 0.99 }), plain);
});
