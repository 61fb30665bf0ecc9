import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { stepHelp } from "../src/command-line/help";
import { steps } from "../src/commands";
import { flagOf } from "../src/config/option";
import { writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-cli-"));
const root = path.join(work, "data");
before(() => writeTinyDataset(root, 2));
after(() => fs.rmSync(work, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function a2gnn(...words: string[]): Promise<Outcome> {
  const cli = path.join(__dirname, "..", "src", "cli.ts");
  const child = spawn(process.execPath, ["--import", "tsx", cli, ...words], { cwd: path.join(__dirname, "..") });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

test("the overview names every step; without words it is a usage error", async () => {
  const { code, out } = await a2gnn("--help");
  assert.equal(code, 0);
  const joined = out.replace(/\s+/g, " ");
  for (const step of steps) assert.ok(joined.includes(` ${step.name} ${step.about} `), step.name);
  for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
  const bare = await a2gnn();
  assert.deepEqual([bare.code, bare.out, bare.err], [2, "", out]);
});

for (const step of steps)
  test(`help of ${step.name}`, () => {
    const [all, short] = [stepHelp(step, true), stepHelp(step, false)];
    assert.match(all, new RegExp(`^usage: a2gnn ${step.name} `));
    for (const key of [...Object.keys(step.options), "config", "json", "quiet"])
      assert.ok(all.includes(`  --${flagOf(key)}`), key);
    const joined = all.replace(/ \\\n/g, "").replace(/\s+/g, " ");
    for (const example of step.examples ?? []) assert.ok(joined.includes(example), example);
    for (const key of step.everyday ?? Object.keys(step.options)) assert.ok(short.includes(`  --${flagOf(key)}`), key);
    assert.equal(short.length < all.length, step.everyday !== undefined);
    for (const line of `${all}\n${short}`.split("\n")) assert.ok([...line].length <= 80, line);
  });

test("help is asked for in two ways, in short and in full", async () => {
  const segment = steps.find(({ name }) => name === "segment");
  assert.ok(segment);
  for (const words of [["help", "segment"], ["segment", "--help"], ["segment", "--flip", "-h"]]) // biome-ignore format: one row
    assert.deepEqual(await a2gnn(...words), { code: 0, out: `${stepHelp(segment, false)}\n`, err: "" });
  for (const words of [["help", "segment", "all"], ["segment", "--help", "all"]]) // biome-ignore format: one row
    assert.deepEqual(await a2gnn(...words), { code: 0, out: `${stepHelp(segment, true)}\n`, err: "" });
});

test("version", async () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, "..", "package.json"), "utf8"));
  assert.deepEqual(await a2gnn("--version"), { code: 0, out: `${version}\n`, err: "" });
});

test("usage errors exit with 2, say what is wrong, and print nothing on standard output", async () => {
  for (const [words, message] of [
    [["evalute"], /unknown step "evalute"; did you mean evaluate\?\n/],
    [["frobnicate"], /unknown step "frobnicate"; steps: .*make-pseudo-labels/],
    [["pseudo-labels"], /did you mean make-pseudo-labels\?/],
    [["evaluate", "--prd", "x"], /unknown option --prd; did you mean --pred\?[\s\S]*a2gnn evaluate --help/],
    [["evaluate", "x"], /unexpected "x"/],
    [["make-pseudo-labels"], /--voc12-root is required/],
    [["make-pseudo-labels", "--root", root, "--supervision", "image"], /needs --seed-label-root/],
    [["make-pseudo-labels", "--root", root, "--shard", "3/2"], /from 1\/2 to 2\/2/],
  ] as const) {
    const { code, out, err } = await a2gnn(...words);
    assert.deepEqual([code, out], [2, ""], words.join(" "));
    assert.match(err, message);
    assert.doesNotMatch(err, /\n {4}at /, "a stack");
  }
});

test("--json: standard output is the Summary and nothing else", async () => {
  const words = ["--root", root, "--supervision", "box", "--epochs", "1", "--hidden", "4", "--save-path", work];
  const { code, out, err } = await a2gnn("make-pseudo-labels", ...words, "--infer-list", "train.txt", "--json");
  assert.equal(code, 0, err);
  const summary = JSON.parse(out);
  assert.deepEqual([summary.step, summary.done, summary.failed], ["make-pseudo-labels", 2, []]);
  assert.match(err, /2\/2/);

  const mean = await a2gnn("evaluate", "--pred", work, "--root", root, "--list", "train.txt", "--json", "--quiet");
  assert.equal(mean.code, 0);
  assert.equal(mean.err, "");
  const { mIoU, perClass } = JSON.parse(mean.out);
  assert.ok(mIoU > 0 && mIoU <= 1);
  assert.equal(perClass.length, 3);
});

test("an image that fails: named on standard error and in the summary, exit code 1", async () => {
  const other = path.join(work, "other");
  fs.cpSync(root, other, { recursive: true });
  fs.rmSync(path.join(other, "JPEGImages", "img0.jpg"));
  const words = ["--root", other, "--BoxXmlpath", path.join(other, "Annotations"), "--epochs", "1", "--hidden", "4"];
  const save = ["--save_path", path.join(work, "saved"), "--infer_list", "train.txt", "--num_workers", "8"];
  const { code, out, err } = await a2gnn("make-pseudo-labels", ...words, ...save);
  assert.equal(code, 1);
  assert.match(err, /--num_workers has no meaning here/);
  assert.match(err, /warning: image "img0": no image "img0"/);
  assert.match(out, /1 done, 0 already there, 1 failed of 2[\s\S]*failed: img0: no image/);
});
