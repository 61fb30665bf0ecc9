import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { steps } from "../src/commands";
import { parseFlags } from "../src/config/option";
import type { ReproduceConfig } from "../src/config/reproduce";
import { reproduce } from "../src/reproduce/reproduce";
import { trainingFolder } from "./training-folder";

const { root } = trainingFolder("reproduce");
const work = fs.mkdtempSync(path.join(os.tmpdir(), "reproduce-"));
after(() => fs.rmSync(work, { recursive: true, force: true }));
const base: Partial<ReproduceConfig> = {
  voc12Root: root,
  trainList: "train.txt",
  scoreList: "train.txt",
  valList: "train.txt",
  model: "deeplab-v2-vgg16",
  networkWeights: "none",
  width: 2,
  networkEpochs: 1,
  batchSize: 2,
  cropSize: 32,
};

test("the plan names each command, what it lacks, and what was published; a dry run makes nothing", async () => {
  const out = path.join(work, "dry");
  const config = { ...base, weightsDir: path.join(work, "weights"), initLabel: path.join(work, "init"), out };
  const { plan, figures, done } = await reproduce.run({ ...config, supervision: ["box"], dryRun: true });
  assert.deepEqual(
    plan.map(({ command, state }) => [command.split(" ")[0], state]),
    [
      ["make-pseudo-labels", "lacks input"],
      ["train-segmenter", "to do"],
      ["segment", "to do"],
    ],
  );
  assert.match(plan[0].missing.join("\n"), /affinity network \(--weights-dir\): .*aff_box\.pth/);
  assert.match(plan[0].missing.join("\n"), /published seed labels \(--init-label\): .*SEAM_Box/);
  assert.deepEqual(
    figures.map(({ stage, measured, published }) => [stage, measured, published]),
    [
      ["pseudo labels", null, undefined],
      ["final network", null, 76.5],
    ],
  );
  assert.deepEqual([done, fs.existsSync(out)], [0, false]);
});

test("every planned command is one that the command line takes", async () => {
  const config = { ...base, camDir: path.join(work, "cam"), supervision: ["box", "scribble", "point", "image"] };
  const final = await reproduce.run({ ...config, out: path.join(work, "words"), dryRun: true });
  const ablation = await reproduce.run({ ...config, table: "ablation", out: path.join(work, "words"), dryRun: true });
  assert.equal(final.plan.length + ablation.plan.length, 13);
  for (const { command } of [...final.plan, ...ablation.plan]) {
    const [name, ...words] = command.split(" ");
    const step = steps.find((each) => each.name === name);
    assert.ok(step, command);
    assert.ok(Object.keys(parseFlags(words, step.options).given).length > 0);
  }
});

test("a stage whose predecessor is incomplete is not run, and said", async () => {
  const config = { ...base, weightsDir: path.join(work, "weights"), out: path.join(work, "blocked") };
  const { notices, figures, done } = await reproduce.run({ ...config, supervision: ["scribble"] });
  assert.match(notices.join("\n"), /make-pseudo-labels .* lacks the affinity network/);
  assert.match(notices.join("\n"), /train-segmenter .* follows make-pseudo-labels, which is not complete/);
  assert.ok(figures.every(({ measured }) => measured === null));
  assert.equal(done, 0);
});

test("what exists is not made again: measured stands beside published, with hashes", async () => {
  const out = path.join(work, "run");
  const labels = path.join(out, "box", "pseudo-labels");
  fs.cpSync(path.join(root, "SegmentationClass"), labels, { recursive: true });
  const first = await reproduce.run({ ...base, supervision: ["box"], out });
  assert.deepEqual(
    first.plan.map(({ state }) => state),
    ["complete", "to do", "to do"],
  );
  assert.deepEqual([first.done, first.failed.length], [2, 0]);
  const [own, final] = first.figures;
  assert.deepEqual([own.measured, own.images], [100, 5]);
  assert.equal(final.published, 76.5);
  assert.ok(final.measured !== null && final.measured >= 0 && final.measured < 100);
  assert.match(Object.values(first.hashes).join(), /^[0-9a-f]{64}$/);
  const again = await reproduce.run({ ...base, supervision: ["box"], out });
  assert.deepEqual([again.done, again.skipped], [0, 3]);
  assert.deepEqual(again.figures, first.figures);
  assert.ok(fs.existsSync(path.join(out, "final.json")));
});
