/** Logs are never worth a training: a full disk is said once, and the log is whole as soon as there is room. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { openLogFile } from "../src/files/log-file";
import { createTrainingLog, isLossTable } from "../src/training/training-log";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-log-"));
after(() => fs.rmSync(work, { recursive: true }));

const HEAD = "step,epoch,learning_rate,loss,images_per_second\n";
const row = (step: number): string => `${step},1,0.5,${step / 4},2.000\n`;
const record = (step: number) => ({ step, epoch: 1, learningRate: 0.5, losses: [step / 4], imagesPerSecond: 2 });

test("a resumed table drops torn rows, those of later steps, and those of another run between them", async () => {
  const csv = path.join(work, "torn.csv");
  const rows = [
    row(1),
    row(2),
    "3,1,0.5\n",
    row(1),
    row(4),
    "5,1,,1,2\n",
    "6,1,0.5,x,2\n",
    row(2),
    row(7),
    row(9),
    "8,1,0.",
  ];
  fs.writeFileSync(csv, HEAD + rows.join(""));
  const log = await createTrainingLog({ csv }, ["loss"], 8, assert.fail);
  await log.step(record(9));
  await log.close();
  assert.equal(fs.readFileSync(csv, "utf8"), HEAD + [1, 2, 4, 7, 9].map(row).join(""));
});

test("only tables of losses count as such", async () => {
  const file = path.join(work, "x.csv");
  assert.equal(await isLossTable(file), true, "none is there");
  for (const [text, is] of [
    ["", true],
    [HEAD, true],
    ["training,step,loss\n", false],
    ["\x89PNG", false],
  ] as const) {
    fs.writeFileSync(file, text);
    assert.equal(await isLossTable(file), is, text);
  }
});

test("where nothing can be written at first, that is said once for each log, and both are whole in the end", async () => {
  const folder = path.join(work, "blocked");
  fs.writeFileSync(folder, "");
  const warnings: string[] = [];
  const options = { csv: path.join(folder, "a.csv"), tensorboard: path.join(folder, "a") };
  const log = await createTrainingLog(options, ["loss"], 0, (message) => warnings.push(message));
  await log.step(record(1));
  await log.step(record(2));
  assert.equal(warnings.length, 2);
  for (const warning of warnings) assert.match(warning, /the log .*blocked.* the training continues: .*ENOTDIR|EEXIST/);
  fs.rmSync(folder);
  await log.step(record(3));
  await log.close();
  assert.equal(fs.readFileSync(options.csv, "utf8"), HEAD + [1, 2, 3].map(row).join(""));
  assert.equal(fs.readdirSync(options.tensorboard).length, 1);
});

const disk = path.join(work, "disk");
fs.mkdirSync(disk);
const canMount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", disk]).status === 0;

test("a disk that fills up while a log is written, and is emptied again", {
  skip: !canMount && "mounting needs root",
}, async () => {
  try {
    const file = path.join(disk, "a.log");
    const warnings: string[] = [];
    const log = await openLogFile(file, "begin\n", (message) => warnings.push(message));
    const line = (i: number): string => `${String(i).padStart(999)}\n`;
    const filler = path.join(disk, "filler");
    fs.writeFileSync(filler, Buffer.alloc(40_960));
    for (let i = 0; i < 40; i++) await log.append(line(i));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /ENOSPC/);
    fs.rmSync(filler);
    await log.append("end\n");
    await log.close();
    assert.equal(
      fs.readFileSync(file, "utf8"),
      `begin\n${Array.from({ length: 40 }, (_, i) => line(i)).join("")}end\n`,
    );
    assert.equal(warnings.length, 1);
  } finally {
    spawnSync("umount", [disk]);
  }
});
