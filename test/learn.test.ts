import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { type LearnConfig, resolveLearnConfig } from "../src/config/learn";
import { readLabel } from "../src/data/label-png";
import { classFindings, nextToLabel } from "../src/learn/class-findings";
import { doubtOf } from "../src/learn/doubt";
import { type Finding, unsurePixels } from "../src/learn/joint-labels";
import { jointProbabilities } from "../src/learn/joint-probabilities";
import { learn } from "../src/learn/learn";
import { budgetSeconds, type Costs, planFor } from "../src/learn/plan";
import type { Surveyed } from "../src/learn/survey";
import { silentReporter } from "../src/running/reporter";

const MINI = path.join(__dirname, "..", "data", "mini");
const work = fs.mkdtempSync(path.join(os.tmpdir(), "learn-"));
after(() => fs.rmSync(work, { recursive: true, force: true }));
const root = path.join(work, "photographs");
const ids = fs.readFileSync(path.join(MINI, "ImageSets/Segmentation/train.txt"), "utf8").trim().split("\n").slice(0, 4);
const [boxed, clicked, stroked, bare] = ids;

/** A folder of four photographs: one with boxes, one with clicks, one with strokes, one with nothing. */
function makeFolder(): void {
  const copy = (folder: string, name: string): void => {
    fs.mkdirSync(path.join(root, folder), { recursive: true });
    fs.copyFileSync(path.join(MINI, folder, name), path.join(root, folder, name));
  };
  for (const id of ids) {
    const photograph = fs.readdirSync(path.join(MINI, "JPEGImages")).find((name) => path.parse(name).name === id);
    copy("JPEGImages", photograph as string);
  }
  copy("", "dataset.json");
  copy("Annotations", `${boxed}.xml`);
  copy(
    "Scribbles",
    fs.readdirSync(path.join(MINI, "Scribbles")).find((name) => path.parse(name).name === stroked) as string,
  );
  const points = JSON.parse(fs.readFileSync(path.join(MINI, "points.json"), "utf8"));
  fs.writeFileSync(path.join(root, "points.json"), JSON.stringify({ [clicked]: points[clicked] }));
}
makeFolder();

const quick: Partial<LearnConfig> = {
  voc12Root: root,
  features: "handcrafted",
  labelEpochs: 1,
  model: "deeplab-v2-vgg16",
  weights: "none",
  width: 2,
  learningRate: 0.01,
  networkSteps: 4,
  batchSize: 2,
  cropSize: 33,
  flip: false,
  crfThreads: 0,
  numWorkers: 0,
};
const into = (name: string): string => path.join(work, name);

/** A run that has its first stage behind it: the labels of the weak labels, as the first test made them. */
function withOwnLabels(name: string): string {
  const out = into(name);
  fs.cpSync(path.join(into("whole"), "own-labels"), path.join(out, "own-labels"), { recursive: true });
  return out;
}

/** Every file of results, by its place in the folder; reports and records of time aside. */
function results(folder: string): Map<string, string> {
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  const kept = names.filter((name) => /\.(png|safetensors)$/.test(name) || name.includes("findings/")).sort();
  return new Map(
    kept
      .filter((name) => fs.statSync(path.join(folder, name)).isFile())
      .map((name) => [name, fs.readFileSync(path.join(folder, name), "base64")]),
  );
}

test("a folder of mixed weak labels and of none: labels of all photographs, a network, a report, what to label next", async () => {
  const summary = await learn.run({ ...quick, out: into("whole") });
  assert.deepEqual(summary.labelled, { box: 1, point: 1, scribble: 1 });
  assert.deepEqual([summary.images, summary.done, summary.failed.length, summary.interrupted], [4, 4, 0, false]);
  for (const id of ids) {
    const label = await readLabel(path.join(summary.labels as string, `${id}.png`));
    assert.ok(label.data.length > 0);
    assert.equal(fs.existsSync(path.join(into("whole"), "own-labels", `${id}.png`)), id !== bare);
  }
  assert.deepEqual(summary.next, [bare]);
  assert.equal(fs.readFileSync(path.join(into("whole"), "next.txt"), "utf8"), `${bare}\n`);
  const page = fs.readFileSync(summary.report as string, "utf8");
  for (const id of ids) assert.ok(page.includes(id));
  assert.match(page, /What to label next/);
  assert.ok(fs.existsSync(summary.weights as string));
});

test("the same command again has nothing left to do, and says so", async () => {
  const before = results(into("whole"));
  const summary = await learn.run({ ...quick, out: into("whole") });
  assert.deepEqual([summary.done, summary.skipped], [0, 4]);
  assert.deepEqual(results(into("whole")), before);
});

test("stopped in each stage and started again: the same bytes", async () => {
  for (const stage of ["own labels", "network", "labels"]) {
    const controller = new AbortController();
    const reporter = {
      ...silentReporter,
      progress: ({ label }: { label: string }) => {
        if (label.startsWith(`${stage} `)) controller.abort();
      },
    };
    const out = stage === "network" ? withOwnLabels("stopped network") : into(`stopped ${stage}`);
    if (stage === "labels") fs.cpSync(into("stopped network"), out, { recursive: true });
    if (stage === "labels") fs.rmSync(path.join(out, "round-1", "labels"), { recursive: true });
    const stopped = await learn.run({ ...quick, out }, { reporter, signal: controller.signal });
    assert.deepEqual([stopped.interrupted, stopped.labels], [true, undefined], stage);
    const resumed = await learn.run({ ...quick, out });
    assert.equal(resumed.interrupted, false);
    assert.deepEqual(results(out), results(into("whole")), stage);
  }
});

test("a second round learns from the labels of the first, and from photographs without a weak label", async () => {
  const summary = await learn.run({ ...quick, rounds: 2, out: withOwnLabels("rounds") });
  assert.equal(summary.labels, path.join(into("rounds"), "round-2", "labels"));
  const list = (round: number): string[] =>
    fs
      .readFileSync(path.join(into("rounds"), `round-${round}`, "training.txt"), "utf8")
      .trim()
      .split("\n");
  assert.deepEqual([list(1), list(2)], [[boxed, clicked, stroked], ids]);
  for (const id of ids) assert.ok(fs.existsSync(path.join(into("rounds"), "round-1", "training-labels", `${id}.png`)));
});

test("other options do not mix with a run; weak labels drawn since begin the network anew and lose nothing", async () => {
  const out = withOwnLabels("grown");
  await learn.run({ ...quick, out });
  await assert.rejects(learn.run({ ...quick, networkSteps: 6, out }), /networkSteps 4, now 6; choose another --out/);
  const file = path.join(root, "Annotations", `${bare}.xml`);
  fs.copyFileSync(path.join(MINI, "Annotations", `${bare}.xml`), file);
  try {
    const own = fs.statSync(path.join(out, "own-labels", `${boxed}.png`)).mtimeMs;
    const summary = await learn.run({ ...quick, out });
    assert.deepEqual(summary.labelled, { box: 2, point: 1, scribble: 1 });
    assert.match(summary.notices.join("\n"), /1 photographs or weak labels are new or changed/);
    assert.equal(fs.statSync(path.join(out, "own-labels", `${boxed}.png`)).mtimeMs, own, "kept");
    assert.ok(fs.existsSync(path.join(out, ".old", "1", "round-1", "labels", `${bare}.png`)), "put aside");
    assert.deepEqual(summary.next, []);
  } finally {
    fs.rmSync(file);
  }
});

test("a dry run says what it takes and makes nothing", async () => {
  const said: string[] = [];
  const reporter = { ...silentReporter, notice: (message: string) => said.push(message) };
  const summary = await learn.run({ ...quick, out: into("dry"), dryRun: true }, { reporter });
  assert.equal(fs.existsSync(into("dry")), false);
  assert.ok(summary.plan.seconds.total > 0);
  assert.match(said.join("\n"), /4 photographs: 1 with boxes, 1 with clicks, 1 with strokes, 1 without a weak label/);
  assert.match(
    said.join("\n"),
    /about .+: labels of the labelled photographs by themselves .+; deeplab-v2-vgg16, 4 steps of 2 crops of 33 pixels/,
  );
});

test("a folder without any weak label, and unusable ones, are answered in words", async () => {
  const list = path.join(work, "bare.txt");
  fs.writeFileSync(list, `${bare}\n`);
  await assert.rejects(
    learn.run({ ...quick, list, out: into("bare") }),
    /expected boxes, clicks or strokes for at least one of 1 photographs, got none .*a2gnn annotate/,
  );
  const file = path.join(root, "Annotations", `${bare}.xml`);
  fs.writeFileSync(file, "<annotation><object><name>unicorn</name></object></annotation>");
  try {
    const summary = await learn.run({ ...quick, out: into("broken"), dryRun: true });
    assert.deepEqual(
      summary.failed.map(({ image }) => image),
      [bare],
    );
    assert.match(summary.failed[0].reason, /unicorn/);
  } finally {
    fs.rmSync(file);
  }
});

const COSTS: Costs = {
  label: { box: { fixed: 10, step: 0.4 }, scribble: { fixed: 10, step: 0.3 }, point: { fixed: 10, step: 0.3 } },
  train: 8,
  trainFrozen: 4,
  see: 3,
  sharpen: 2,
};
const photographs = (labelled: number, others: number): Surveyed[] =>
  Array.from({ length: labelled + others }, (_, i) => ({
    id: String(i),
    pixels: 200_000,
    classes: [],
    mark: "none",
    ...(i < labelled ? { kind: "box" as const } : {}),
  }));
const given = { usualCrop: 321, fit: (side: number) => side, slowness: 1 };
const configOf = (more: Partial<LearnConfig>): LearnConfig =>
  resolveLearnConfig({ voc12Root: root, freezeBackbone: false, ...more });

test("the plan's time is the sum of its parts", () => {
  const plan = planFor(photographs(2, 1), configOf({ networkSteps: 10, batchSize: 4, flip: false }), COSTS, given);
  const label = 2 * 0.2 * (10 + 100 * 0.4);
  const network = 10 * 4 * (321 ** 2 / 1e6) * 8;
  const refined = label + 3 * 0.2 * (3 + 2);
  const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9, `${a} ${b}`);
  close(plan.seconds.labels, label);
  close(plan.seconds.network, network);
  close(plan.seconds.refined, refined);
  close(plan.seconds.total, label + network + refined);
  const slow = planFor(photographs(2, 1), configOf({ networkSteps: 10, batchSize: 4, flip: false }), COSTS, {
    ...given,
    slowness: 2,
  });
  close(slow.seconds.total, 2 * plan.seconds.total);
});

test("a budget is kept by the plan: rounds go first, then passes over the photographs, then size and steps", () => {
  const many = photographs(100, 200);
  const free = planFor(many, configOf({ rounds: 3 }), COSTS, given);
  assert.deepEqual([free.rounds, free.labelEpochs, free.networkSteps, free.cropSize], [3, undefined, 400, 321]);
  let last = Number.POSITIVE_INFINITY;
  for (const minutes of [400, 150, 110, 90, 70, 50, 30, 25]) {
    const plan = planFor(many, configOf({ rounds: 3, budget: `${minutes}m` }), COSTS, given);
    assert.ok(plan.seconds.total <= 60 * minutes, `${minutes} minutes: ${plan.seconds.total} s`);
    assert.ok(plan.seconds.total <= last);
    last = plan.seconds.total;
  }
  const short = planFor(many, configOf({ rounds: 3, budget: "30m" }), COSTS, given);
  assert.equal(short.rounds, 1);
  assert.equal(
    planFor(many, configOf({ freezeBackbone: undefined, budget: "60m" }), COSTS, given).freezeBackbone,
    true,
  );
  const stated = planFor(many, configOf({ rounds: 3, cropSize: 257, budget: "60m" }), COSTS, given);
  assert.equal(stated.cropSize, 257);
  assert.throws(() => planFor(many, configOf({ budget: "1m" }), COSTS, given), /too short: the least takes about \d+m/);
});

test("a budget is read as people write it", () => {
  assert.deepEqual(["30m", "2h", "1h30m", "90s", "45", "20min"].map(budgetSeconds), [1800, 7200, 5400, 90, 2700, 1200]);
  for (const wrong of ["", "soon", "-3m", "0m", "3x"])
    assert.throws(() => budgetSeconds(wrong), /expected a time such as 30m/);
});

test("two opinions multiply, in the classes that the weak label names", () => {
  const own = { width: 2, height: 1, classes: [0, 2], probabilities: Float32Array.of(0.5, 0.5, 0.9, 0.1) };
  const seen = Float32Array.of(0.2, 0.5, 0.3, 0.01, 0.0, 0.99);
  const { probabilities } = jointProbabilities(own, seen, 3);
  const first = (0.501 * 0.301) / (0.501 * 0.301 + 0.501 * 0.201);
  const second = (0.101 * 0.991) / (0.101 * 0.991 + 0.901 * 0.011);
  assert.ok(Math.abs(probabilities[1] - first) < 1e-6);
  assert.ok(Math.abs(probabilities[3] - second) < 1e-6);
});

test("what the network is unsure of teaches the next round nothing", () => {
  assert.deepEqual([...unsurePixels(Float32Array.of(0.9, 0.1, 0, 0.5, 0.3, 0.2, 0.2, 0.75, 0.05), 3)], [0, 1, 0]);
});

test("doubt is the mean of one minus the margin, and its region the cells that hold the most of it", () => {
  const [width, height] = [64, 32];
  const probabilities = new Float32Array(width * height * 2);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const sure = x < 32 ? 1 : 0.5;
      probabilities.set([sure, 1 - sure], 2 * (y * width + x));
    }
  const { doubt, region } = doubtOf(probabilities, 2, { width, height });
  assert.equal(doubt, 0.5);
  assert.deepEqual(region, { xmin: 32, ymin: 0, xmax: 63, ymax: 31 });
  assert.deepEqual(doubtOf(new Float32Array([1, 0]), 2, { width: 1, height: 1 }), { doubt: 0 });
});

test("what to label next: the unsure, and of those what the network knows least", () => {
  const dataset = { classes: ["background", "cat", "dog"], palette: [], ignore: 255 };
  const findings: Finding[] = [
    { id: "own", kind: "box", doubt: 0.9, pixels: { 0: 50, 1: 50 }, agreement: { 0: [50, 50], 1: [40, 50] } },
    { id: "cat", doubt: 0.4, pixels: { 0: 50, 1: 50 } },
    { id: "dog", doubt: 0.4, pixels: { 0: 50, 2: 50 } },
    { id: "sure", doubt: 0.1, pixels: { 0: 100 } },
  ];
  const surveyed = findings.map(({ id, kind }) => ({
    ...{ id, pixels: 100, mark: "none", classes: id === "own" ? [1] : [] },
    ...(kind === undefined ? {} : { kind }),
  }));
  const classes = classFindings(findings, surveyed, dataset);
  assert.deepEqual(
    classes.map(({ class: name, labelled, found, agreement }) => [name, labelled, found, agreement]),
    [
      ["cat", 1, 1, 0.8],
      ["dog", 0, 1, null],
    ],
  );
  assert.deepEqual(
    nextToLabel(findings, classes).map(({ id }) => id),
    ["dog", "cat", "sure"],
  );
});
