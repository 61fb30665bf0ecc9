/** SIGTERM, as batch systems and containers send it: a run ends by itself, and what it has written is whole. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { readLabel } from "../src/data/label-png";
import { SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-stopping-"));
const root = path.join(work, "data");

before(() => writeTinyDataset(root, 3));
after(() => fs.rmSync(work, { recursive: true }));

function start(savePath: string, epochs: string): { child: ChildProcess; said: () => string } {
  const flags = ["--infer-list", "train.txt", "--supervision", "box", "--hidden", "8", "--epochs", epochs];
  const words = [
    path.join(__dirname, "..", "src", "cli.ts"),
    "make-pseudo-labels",
    root,
    ...flags,
    "--save-path",
    savePath,
  ];
  const child = spawn(process.execPath, ["--import", "tsx", ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { child, said: () => text };
}

async function until(happened: () => boolean, child: ChildProcess): Promise<void> {
  while (!happened() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
}

const filesIn = (folder: string): string[] => fs.readdirSync(folder).filter((name) => /\.(png|tmp)$/.test(name));

test("the image in hand is finished, the rest is left, and the exit says interrupted", async () => {
  const savePath = path.join(work, "finished");
  const { child, said } = start(savePath, "40");
  await until(() => fs.existsSync(savePath) && filesIn(savePath).length > 0, child);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 130, said());
  const labels = filesIn(savePath);
  assert.ok(
    labels.every((name) => /^img\d\.png$/.test(name)),
    labels.join(" "),
  );
  for (const name of labels) assert.equal((await readLabel(path.join(savePath, name))).width, SIZE.width);
});

test("an image that takes too long is given up after some seconds, and nothing half written stays", async () => {
  const savePath = path.join(work, "given-up");
  const { child, said } = start(savePath, "10000000");
  await until(() => said().includes("img0"), child);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 130, said());
  assert.deepEqual(filesIn(savePath), []);
});
