import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { completionScript, SHELLS } from "../src/command-line/completion";
import { describePlan } from "../src/command-line/plan-text";
import { readRunConfig } from "../src/command-line/run-config";
import { steps } from "../src/commands";
import { makeSeedsOptions } from "../src/config/make-seeds";
import { UserError } from "../src/errors";
import { formatBytes, formatClock } from "../src/running/quantities";
import { wrapped } from "../src/shown-text";
import { makeSeeds } from "../src/steps/make-seeds";
import { writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-habits-"));
const root = path.join(work, "data");
before(() => writeTinyDataset(root, 3));
after(() => fs.rmSync(work, { recursive: true }));

function a2gnn(...words: string[]): { code: number | null; out: string; err: string } {
  const cli = path.join(__dirname, "..", "src", "cli.ts");
  const options = { cwd: path.join(__dirname, ".."), encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", cli, ...words], options);
  return { code: status, out: stdout, err: stderr };
}

/** Every file below a folder with its bytes. */
function contentOf(folder: string): string[] {
  const files = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return files.map((file) => {
    const full = path.join(folder, file);
    return fs.statSync(full).isFile() ? `${file} ${fs.readFileSync(full, "base64")}` : file;
  });
}

const seeds = (...words: string[]): string[] =>
  ["make-seeds", "--root", root, "--infer-list", "train.txt", "--no-grab-cut", "--no-superpixels", "--save-path", path.join(work, "seeds"), ...words]; // biome-ignore format: one row

test("--dry-run tells what would be made, kept and impossible, and writes nothing; --only and --config choose", () => {
  const first = a2gnn(...seeds("--dry-run"));
  assert.equal(first.code, 0, first.err);
  assert.match(
    first.out,
    /nothing was done[\s\S]*would make 3 images \(img0, img1, img2\)[\s\S]*leave 0 images[\s\S]*on one core/,
  );
  assert.ok(!fs.existsSync(path.join(work, "seeds")), "not even the folder");

  const made = a2gnn(...seeds("--only", "img1", "--scribble-width", "5"));
  assert.equal(made.code, 0, made.err);
  assert.deepEqual(fs.readdirSync(path.join(work, "seeds")).filter((name) => name.endsWith(".png")), ["img1.png"]); // biome-ignore format: one row
  const before = contentOf(work);
  fs.renameSync(path.join(root, "JPEGImages", "img2.jpg"), path.join(work, "img2.jpg"));
  const again = a2gnn(...seeds("--dry-run", "--json", "--scribble-width", "5"));
  fs.renameSync(path.join(work, "img2.jpg"), path.join(root, "JPEGImages", "img2.jpg"));
  assert.equal(again.code, 1, "one cannot be made");
  const [{ make, kept, unusable }] = JSON.parse(again.out).plans;
  assert.deepEqual([make, kept, unusable[0].image], [["img0"], ["img1"], "img2"]);
  assert.deepEqual(contentOf(work), before);

  const misspelt = a2gnn(...seeds("--only", "img11"));
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.err, /no image "img11" among the 3 of the list \(--only\); did you mean "img1"\?/);
  const none = a2gnn("evaluate", "--dry-run", "--pred", work, "--root", root);
  assert.equal(none.code, 2);
  assert.match(none.err, /evaluate has no --dry-run; these have: .*make-pseudo-labels/);
});

test("--dry-run of a training: what is trained, on how many images, where the weights go", () => {
  const session = path.join(work, "net");
  const words = ["--root", root, "--train-list", "train.txt", "--label-dir", path.join(root, "SegmentationClass"), "--weights", "none", "--width", "2", "--epochs", "4", "--batch-size", "2", "--session-name", session]; // biome-ignore format: one row
  const { code, out, err } = a2gnn("train-affinity", ...words, "--dry-run");
  assert.equal(code, 0, err);
  assert.match(out, /would train on 3 images .*: 4 epochs, \d+ steps of 2 images/);
  assert.ok(out.replace(/\s+/g, "").includes(`weightsto${session}.safetensors`), out);
  assert.deepEqual(fs.readdirSync(work).filter((name) => name.startsWith("net")), []); // biome-ignore format: one row
});

test("--config: the last run of the step, or an object; flags win; unknown keys are named", async () => {
  const file = path.join(work, "run.json");
  const settings = { voc12Root: root, scribbleWidth: 7, overlay: null, only: ["img0"] };
  fs.writeFileSync(file, JSON.stringify([{ step: "make-seeds", settings: { scribbleWidth: 1 } }, { step: "make-seeds", settings }, { step: "segment", settings: {} }])); // biome-ignore format: one row
  assert.deepEqual(await readRunConfig(file, "make-seeds", makeSeedsOptions), { voc12Root: root, scribbleWidth: 7 });
  const wrong = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);
  await assert.rejects(readRunConfig(file, "infer-seam", {}), wrong(/expected a run of infer-seam, got runs of "make-seeds", "segment" .*run\.json/)); // biome-ignore format: one row
  fs.writeFileSync(file, JSON.stringify({ scribbleWith: 3 }));
  await assert.rejects(readRunConfig(file, "make-seeds", makeSeedsOptions), wrong(/unknown option "scribbleWith" .*did you mean scribbleWidth\?/)); // biome-ignore format: one row
  fs.writeFileSync(file, JSON.stringify({ voc12Root: path.join(work, "elsewhere"), inferList: "train.txt", savePath: path.join(work, "c") })); // biome-ignore format: one row
  const { code, out, err } = a2gnn("make-seeds", "--config", file, "--root", root, "--dry-run");
  assert.equal(code, 0, err);
  assert.match(out, /would make 3 images/);
  fs.writeFileSync(file, JSON.stringify({ scribbleWidth: "wide", voc12Root: root }));
  assert.match(a2gnn("make-seeds", "--config", file).err, /expected a number, got "wide" \(--scribble-width\)/);
});

test("completion: the shells take the scripts, and bash completes steps, flags and choices", (context) => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, steps);
    for (const { name } of steps) assert.ok(script.includes(name), `${shell}: ${name}`);
    assert.match(script, /crf-threads/);
  }
  const script = completionScript("bash", steps);
  const complete = (...words: string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const asked = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _a2gnn; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", asked], { encoding: "utf8" }).trim().split("\n");
  };
  if (spawnSync("bash", ["--version"]).status !== 0) return context.skip("no bash");
  assert.deepEqual(complete("a2gnn", "make-"), ["make-seeds", "make-pseudo-labels"]);
  assert.deepEqual(complete("a2gnn", "segment", "--crf-th"), ["--crf-threads"]);
  assert.deepEqual(complete("a2gnn", "make-pseudo-labels", "--features", "im"), ["imagenet"]);
  assert.deepEqual(complete("a2gnn", "completion", ""), ["bash", "zsh", "fish"]);
  const { code, out } = a2gnn("completion", "bash");
  assert.deepEqual([code, out], [0, script]);
  assert.equal(a2gnn("completion", "tcsh").code, 2);
});

test("every everyday option is an option of its step", () => {
  for (const step of steps)
    for (const key of step.everyday ?? []) assert.ok(key in step.options || key === "dryRun" || key === "json", `${step.name} ${key}`); // biome-ignore format: one row
});

test("text is broken between words and keeps its lines; one form of time left and of bytes", () => {
  assert.equal(wrapped("aaa bbb ccc\nd", 7, 2), "aaa bbb\n  ccc\nd");
  assert.equal(wrapped("a ".repeat(60).trim(), 80).split("\n").length, 2);
  assert.deepEqual([0, 42.4, 100, 3900, 360000].map(formatClock), ["0:00:00", "0:00:42", "0:01:40", "1:05:00", "100:00:00"]); // biome-ignore format: one row
  assert.deepEqual([2e3, 3.4e8, 1.25e9].map(formatBytes), ["2 kB", "340 MB", "1.3 GB"]);
});

test("from code a plan leaves everything undone as well", async () => {
  const plans: unknown[] = [];
  const savePath = path.join(work, "planned");
  const silent = { notice() {}, warn() {}, progress() {}, finish() {} };
  const summary = await makeSeeds.run(
    { voc12Root: root, inferList: "train.txt", savePath, grabCut: false },
    { reporter: silent, plan: (plan) => plans.push(plan) },
  );
  assert.deepEqual([plans.length, summary.done], [1, 0]);
  assert.deepEqual(fs.readdirSync(savePath).filter((name) => name.endsWith(".png")), []); // biome-ignore format: one row
  const text = describePlan("make-seeds", [{ make: [], kept: ["a"], unusable: [{ image: "b", reason: "torn" }] }], summary); // biome-ignore format: one row
  assert.match(text, /would leave 1 image \(a\) as it is[\s\S]*cannot make b: torn/);
});
