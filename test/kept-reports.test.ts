/** What people read of a run: tables and pages keep to their own files, mixtures are named, and no run goes unrecorded. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Summary } from "../src/running/step";
import { describeSummary } from "../src/running/summary-text";
import { evaluate } from "../src/steps/evaluate";
import { makeSeeds } from "../src/steps/make-seeds";
import { readRuns, recordRun } from "../src/steps/outputs/run-record";
import { writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-reports-"));
const root = path.join(work, "data");
const pred = path.join(work, "seeds");
const file = (name: string): string => path.join(work, name);
before(async () => {
  await writeTinyDataset(root, 3);
  const labels = { voc12Root: root, supervision: "box", savePath: pred } as const;
  await makeSeeds.run({ ...labels, inferList: "train.txt" });
  fs.writeFileSync(file("one.txt"), "img2\n");
  await makeSeeds.run({ ...labels, inferList: file("one.txt"), superpixels: false, grabCut: false });
});
after(() => fs.rmSync(work, { recursive: true }));

const gt = path.join(root, "SegmentationClass");
const compare = (config: object): ReturnType<typeof evaluate.run> =>
  evaluate.run({ pred, gt, voc12Root: root, ...config });

test("evaluate names the settings that the compared labels mix, and only theirs", async () => {
  const { notices } = await compare({});
  assert.match(notices.join("\n"), /holds results of 2 settings: 2 with .*; 1 with .*(superpixels|grabCut) false/);
  const { notices: ofOne } = await compare({ list: file("one.txt") });
  assert.doesNotMatch(ofOne.join("\n"), /settings/);
});

test("a table is written again, but not over somebody's own file, nor over what somebody has changed in it", async () => {
  const csv = file("iou.csv");
  await compare({ csv });
  const once = fs.readFileSync(csv, "utf8");
  await compare({ csv });
  assert.equal(fs.readFileSync(csv, "utf8"), once);
  fs.appendFileSync(csv, "my note\n");
  await assert.rejects(compare({ csv }), {
    code: "output",
    message: /iou\.csv already exists, and somebody has changed it.*--csv/,
  });
  assert.equal(fs.readFileSync(csv, "utf8"), `${once}my note\n`);
  fs.writeFileSync(file("prices.csv"), "bolt,2\n");
  await assert.rejects(compare({ confusion: file("prices.csv") }), { message: /no record of writing it.*--confusion/ });
  assert.equal(fs.readFileSync(file("prices.csv"), "utf8"), "bolt,2\n");
  await assert.rejects(compare({ csv: file("x.csv"), confusion: path.join(work, "seeds", "..", "x.csv") }), {
    code: "usage",
    message: /--csv and --confusion are the same file/,
  });
  assert.ok(!fs.existsSync(file("x.csv")));
});

test("a run that was killed after its last label is recorded by the next one, once", async () => {
  const folder = file("records");
  const all = { step: "make-pseudo-labels", images: 3, failed: [], seconds: 1, notices: [] };
  const runs: readonly Summary[] = [
    { ...all, done: 0, skipped: 3 },
    { ...all, done: 0, skipped: 3 },
    { ...all, images: 2, done: 0, skipped: 2 },
    { ...all, images: 4, done: 0, skipped: 4 },
    { ...all, images: 4, done: 1, skipped: 3 },
  ];
  for (const run of runs) await recordRun(folder, run, {}, undefined, { index: 0, count: 1 });
  assert.deepEqual(
    (await readRuns(folder)).map(({ done, skipped }) => [done, skipped]),
    [
      [0, 3],
      [0, 4],
      [1, 3],
    ],
  );
});

test("the summary counts what was kept", () => {
  const summary = { step: "x", images: 4, done: 1, skipped: 3, failed: [], seconds: 1, notices: [] };
  assert.match(describeSummary(summary), /1 done, 3 already there, 0 failed of 4/);
  assert.match(
    describeSummary({ ...summary, kept: 1 }),
    /3 already there, 1 kept as somebody else made or corrected it, 0/,
  );
});
