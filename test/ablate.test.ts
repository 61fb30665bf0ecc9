import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { ablate } from "../src/ablation/ablate";
import { defaultGrid, furtherRows } from "../src/ablation/default-grid";
import { fitKeyOf } from "../src/ablation/run-options";
import { ablationCsv, ablationMarkdown, rowOf, scoreText } from "../src/ablation/table";
import { chooseVariants, differences, folderOf, readVariants } from "../src/ablation/variant";
import { useBackend } from "../src/backend";
import { ablateOptions } from "../src/config/ablate";
import { type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "../src/config/make-pseudo-labels";
import { makeSeedsOptions } from "../src/config/make-seeds";
import { completeConfig, type Option, type OptionTable } from "../src/config/option";
import { silentReporter } from "../src/running/reporter";
import { writeTinyDataset } from "./tiny-dataset";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-ablate-"));
let tensors = 0;
before(async () => {
  await useBackend();
  await writeTinyDataset(root);
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(root, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors);
});

const few = { epochs: 2, hidden: 8 };
const grid = path.join(root, "grid.json");
const config = { voc12Root: root, grid, seeds: [0, 1], out: path.join(root, "out"), processes: 1 };

test("a variant says what differs from the default of its supervision, not from the table's", () => {
  const layers = { group: "g", name: "n", supervision: "box", labels: { layers: 1, learningRate: 0.03 } } as const;
  assert.equal(differences(layers), "--layers 1 (3) --learning-rate 0.03 (0.035)");
  assert.equal(differences({ group: "g", name: "n", supervision: "scribble" }), "");
  const seeded = { group: "g", name: "n", supervision: "point", seeds: { camLabel: false } } as const;
  assert.equal(differences(seeded), "make-seeds --cam-label false (true)");
});

test("with handcrafted features the default is theirs, and what equals it does not differ", () => {
  const padding = { group: "g", name: "n", supervision: "scribble", labels: { seedPadding: "background" } } as const;
  assert.equal(differences(padding, "handcrafted"), "--seed-padding background (ignore)");
  assert.equal(differences(padding), "");
  const momentum = { group: "g", name: "n", supervision: "scribble", training: { momentum: 0.9 } } as const;
  assert.equal(differences(momentum), "train-affinity --momentum 0.9 (0.0005)");
});

test("every option that changes labels has a row, each row a folder of its own", () => {
  const rows = [...defaultGrid, ...furtherRows];
  assert.equal(new Set(rows.map(folderOf)).size, rows.length);
  assert.ok(
    rows.every(({ name }) => !name.includes(",")),
    "names are separated by commas on the command line",
  );
  const covered = (key: string): boolean =>
    rows.some(({ labels, seeds }) => Object.hasOwn(labels ?? {}, key) || Object.hasOwn(seeds ?? {}, key));
  const all = [makePseudoLabelsOptions, makeSeedsOptions].flatMap((table) =>
    Object.entries(table as OptionTable<object>),
  );
  const numbers = all.filter(([, { affects, kind }]: [string, Option<unknown>]) =>
    kind === "path" ? false : affects === "fit" || affects === "label",
  );
  // How inputs are to be read, what happens to unusable ones, and objects, which the table does not count.
  const apart =
    /^(seed|withoutBoxes|grabCutPixels|frame|annotationFrame|tagsForm|graphStride|graphNormalise|instance.*)$/;
  const open = numbers.map(([key]) => key).filter((key) => !apart.test(key) && !covered(key));
  // denseCrf stands for its numbers, which are the reference's
  assert.deepEqual(
    open.filter((key) => !/^crf(Iterations|Gaussian|Bilateral)/.test(key)),
    [],
  );
});

test("rows that differ after the training alone share it: every option whose table says so", () => {
  const config = completeConfig({}, ablateOptions);
  const setting = { config, camDir: "cam", list: "list.txt" };
  const key = (labels: Partial<MakePseudoLabelsConfig>): string =>
    fitKeyOf({ variant: { group: "g", name: "n", supervision: "box", labels }, seed: 0 }, setting);
  const usual = key({});
  for (const change of [
    { boxLimit: false },
    { logitResize: "crop" },
    { denseCrf: false },
    { crfBilateralSxy: 9 },
    { alpha: 2 },
  ] as const)
    assert.equal(key(change), usual, JSON.stringify(change));
  for (const change of [
    { epochs: 9 },
    { radius: 2 },
    { hidden: 8 },
    { graphSide: 64 },
    { seedPadding: "background" },
  ] as const)
    assert.notEqual(key(change), usual, JSON.stringify(change));
});

test("a grid that cannot be run is refused by entry and reason", () => {
  assert.throws(
    () => readVariants([{ name: "a", labels: { radios: 2 } }], "g.json"),
    /unknown option "radios" .*variant 1, g.json/,
  );
  assert.throws(() => readVariants([{ name: "a", labels: { seed: 2 } }], "g.json"), /set by the ablation itself/);
  assert.throws(
    () => readVariants([{ name: "a", supervision: "mask" }], "g.json"),
    /one of scribble, image, point, box/,
  );
  assert.throws(() => readVariants([{ name: "a" }, { name: "A" }], "g.json"), /two variants/);
  assert.throws(() => chooseVariants(defaultGrid, ["layres"]), /expected a row or group/);
});

test("mean and deviation over the seeds, by hand", () => {
  const run = (seed: number, mIoU: number) => ({
    seed,
    mIoU,
    pixelAccuracy: 0.9,
    classes: { cup: mIoU, ...(seed === 0 ? { fish: 0.4 } : {}) },
    images: 2,
    failed: 0,
    secondsPerImage: 1,
  });
  const row = rowOf({ group: "g", name: "n", supervision: "box" }, [run(0, 0.5), run(1, 0.6), run(2, 0.7)]);
  assert.ok(Math.abs((row.miou ?? 0) - 60) < 1e-9);
  assert.ok(Math.abs((row.deviation ?? 0) - 10) < 1e-9);
  assert.equal(scoreText(row), "60.0 ± 10.0");
  assert.deepEqual(row.scores, [50, 60, 70]);
  assert.deepEqual(Object.keys(row.classes), ["cup", "fish"]);
  assert.ok(Math.abs((row.classes.cup ?? 0) - 60) < 1e-9 && row.classes.fish === 40);
  assert.equal(rowOf({ group: "g", name: "n", supervision: "box" }, [run(0, 0.5)]).deviation, null);
  const table = { data: "d", split: "train", images: 2, features: "handcrafted", missing: 1, rows: [row] };
  assert.match(ablationMarkdown(table, "a2gnn ablate"), /\| g \| n \| default \| 60\.0 ± 10\.0 \| 90\.0 \|/);
  assert.match(ablationMarkdown(table, "a2gnn ablate"), /1 runs are not there yet/);
  assert.equal(ablationCsv(table).split("\n")[1], "g,n,,0 1 2,2,60.000,10.000,90.000,1.00");
});

test("two shards make the table of one process, and a finished table is not made again", async () => {
  fs.writeFileSync(
    grid,
    JSON.stringify([
      { name: "few", labels: few },
      { name: "none", labels: { ...few, layers: 0 } },
    ]),
  );
  const first = await ablate.run({ ...config, shard: "1/2" });
  assert.deepEqual([first.done, first.missing], [2, 2]);
  const second = await ablate.run({ ...config, shard: "2/2" });
  assert.deepEqual([second.done, second.missing], [2, 0]);
  assert.deepEqual(
    second.rows.map(({ variant, seeds, images }) => [variant, seeds, images]),
    [
      ["few", [0, 1], 2],
      ["none", [0, 1], 2],
    ],
  );
  const again = await ablate.run(config);
  assert.deepEqual([again.done, again.skipped], [0, 4]);
  const whole = await ablate.run({ ...config, out: path.join(root, "whole") });
  assert.deepEqual(
    whole.rows.map(({ miou, deviation }) => [miou, deviation]),
    second.rows.map(({ miou, deviation }) => [miou, deviation]),
  );
  for (const file of whole.files) assert.ok(fs.statSync(file).size > 100, file);
});

test("seed labels by make-seeds where a variant asks for them; other options are not taken for the same run", async () => {
  fs.writeFileSync(grid, JSON.stringify([{ name: "few", labels: few, seeds: { superpixelArea: 40 } }]));
  const seeded = await ablate.run({ ...config, seeds: [0] });
  assert.deepEqual([seeded.done, seeded.rows[0].differs.slice(0, 10)], [1, "make-seeds"]);
  fs.writeFileSync(
    grid,
    JSON.stringify([{ name: "few", labels: { ...few, epochs: 3 }, seeds: { superpixelArea: 40 } }]),
  );
  assert.equal((await ablate.run({ ...config, seeds: [0] })).done, 1);
});

test("rows that differ after the training alone train once, and get the labels of a training of their own", async () => {
  fs.writeFileSync(
    grid,
    JSON.stringify([
      { name: "all", labels: few },
      { name: "no CRF", labels: { ...few, denseCrf: false } },
      { name: "cropped", labels: { ...few, logitResize: "crop" } },
      { name: "the default stated", labels: { radius: 3, ...few } },
    ]),
  );
  const out = path.join(root, "shared");
  const shared = await ablate.run({ ...config, seeds: [0], out });
  assert.deepEqual(
    shared.rows.map(({ secondsPerImage }) => secondsPerImage === null),
    [false, true, true, true],
  );
  assert.deepEqual(fs.readdirSync(path.join(out, "fits")), []);
  for (const variants of [["no CRF"], ["cropped"]]) {
    const alone = await ablate.run({ ...config, seeds: [0], variants, out: path.join(root, "alone") });
    const same = shared.rows.find(({ variant }) => variant === variants[0]);
    assert.deepEqual([alone.rows[0].miou, alone.rows[0].accuracy], [same?.miou, same?.accuracy]);
  }
});

test("a training before the labels: the row's network is trained, and trained once", async () => {
  const training = { width: 1, cropSize: 32, epochs: 1, batchSize: 2, numWorkers: 0 };
  fs.writeFileSync(grid, JSON.stringify([{ name: "trained", labels: { epochs: 1, hidden: 8 }, training }]));
  const out = path.join(root, "trained");
  const { done, rows, failed } = await ablate.run({ ...config, seeds: [3], out });
  assert.deepEqual([done, failed], [1, []]);
  assert.match(rows[0].differs, /^train-affinity --width 1 --crop-size 32/);
  const [session] = fs.readdirSync(path.join(out, "trainings"));
  assert.ok(fs.existsSync(path.join(out, "trainings", session, "affinity.safetensors")));
});

test("several processes make the table of one", async () => {
  fs.writeFileSync(
    grid,
    JSON.stringify([
      { name: "few", labels: few },
      { name: "none", labels: { ...few, layers: 0 } },
    ]),
  );
  const one = await ablate.run({ ...config, out: path.join(root, "one") });
  const updates: number[] = [];
  const reporter = { ...silentReporter, progress: ({ done }: { done: number }) => void updates.push(done) };
  const two = await ablate.run({ ...config, out: path.join(root, "two"), processes: 2 }, { reporter });
  assert.deepEqual([two.done, two.missing, Math.max(...updates)], [4, 0, 4]);
  const scores = ({ rows }: typeof one) => rows.map(({ variant, miou, deviation }) => [variant, miou, deviation]);
  assert.deepEqual(scores(two), scores(one));
  await assert.rejects(ablate.run({ ...config, processes: 2, shard: "1/2" }), /give one of them/);
});
