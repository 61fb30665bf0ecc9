import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { defaultGrid } from "../src/ablation/default-grid";
import { ablationCsv, ablationMarkdown, rowOf, scoreText } from "../src/ablation/table";
import { chooseVariants, differences, folderOf, readVariants } from "../src/ablation/variant";
import { useBackend } from "../src/backend";
import { ablate } from "../src/steps/ablate";
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
const config = { voc12Root: root, grid, seeds: [0, 1], out: path.join(root, "out") };

test("a variant says what differs from the default of its supervision, not from the table's", () => {
  const layers = { group: "g", name: "n", supervision: "box", labels: { layers: 1, lr: 0.03 } } as const;
  assert.equal(differences(layers), "--layers 1 (3) --lr 0.03 (0.035)");
  assert.equal(differences({ group: "g", name: "n", supervision: "scribble" }), "");
  const seeded = { group: "g", name: "n", supervision: "point", seeds: { camLabel: false } } as const;
  assert.equal(differences(seeded), "make-seeds --cam-label false (true)");
});

test("the built-in grid has a row for every part of the method, each in a folder of its own", () => {
  assert.equal(new Set(defaultGrid.map(folderOf)).size, defaultGrid.length);
  const flags = defaultGrid.map(differences).join(" ");
  for (const flag of [
    "radius",
    "layers",
    "affinity-weight",
    "crf-weight",
    "multi-point",
    "consistency-threshold",
    "rw",
  ])
    assert.match(flags, new RegExp(`--${flag} `));
  for (const flag of ["dense-crf", "seed-padding", "make-seeds"]) assert.match(flags, new RegExp(flag));
  assert.ok(
    defaultGrid.every(({ name }) => !name.includes(",")),
    "names are separated by commas on the command line",
  );
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
    images: 2,
    failed: 0,
    secondsPerImage: 1,
  });
  const row = rowOf({ group: "g", name: "n", supervision: "box" }, [run(0, 0.5), run(1, 0.6), run(2, 0.7)]);
  assert.ok(Math.abs((row.miou ?? 0) - 60) < 1e-9);
  assert.ok(Math.abs((row.deviation ?? 0) - 10) < 1e-9);
  assert.equal(scoreText(row), "60.0 ± 10.0");
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
