/**
 * `full-width.ts WORK BACKEND`: one piece of the method at full width (weights by formula, 500×375 synthetic photographs)
 * on a backend; a finding a figure. Every piece runs once to warm up: libraries load and choose their kernels then.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { folder, formulaWeights, HEIGHT, WIDTH, writeDataset } from "../../bench/photographs";
import { benchStages } from "../../bench/stages";
import { useBackend } from "../../src/backend";
import { steps } from "../../src/commands";
import type { Step } from "../../src/running/step";
import { sayFinding } from "./own-process";

type Kind = "box" | "scribble";

const works: Readonly<Record<string, () => Promise<void>>> = {
  stages: async () => {
    await benchStages(
      await formulaWeights("affinity"),
      9,
      () => true,
      ({ name, value, runs, note }) => {
        const spread = `${Math.min(...runs).toFixed(4)} to ${Math.max(...runs).toFixed(4)}`;
        sayFinding({ name, value, unit: "s", note: note === undefined ? spread : `${spread}; ${note}` });
      },
    );
  },
  box: () => photographs("box", 2, 2),
  others: () => photographs("scribble", 2, 2),
  "in flight": async () => {
    const weights = await formulaWeights("affinity");
    const hashes: string[] = [];
    for (const inFlight of [1, 1, 2, 4]) {
      const config = (savePath: string): object => ({ supervision: "scribble", weights, savePath, inFlight });
      const { seconds, hash } = await runStep("make-pseudo-labels", 4, config);
      hashes.push(hash);
      if (hashes.length === 1) continue; // to warm up
      sayFinding({ name: `4 photographs, others, ${inFlight} in flight, each`, value: seconds / 4, unit: "s" });
    }
    sayFinding({ name: "labels do not depend on it", ok: hashes.every((hash) => hash === hashes[0]) });
  },
  "infer-seam": async () => {
    const weights = await formulaWeights("classification");
    for (const run of [0, 1]) {
      const { seconds } = await runStep("infer-seam", 1, (output) => ({ weights, outCam: output }));
      if (run > 0) sayFinding({ name: "infer-seam, 8 passes of a photograph", value: seconds, unit: "s" });
    }
  },
};

/** The same photographs twice, the first time to warm up: seconds for each, and whether the labels are the same. */
async function photographs(supervision: Kind, count: number, runs: number): Promise<void> {
  const weights = await formulaWeights("affinity");
  const labels: string[] = [];
  for (let run = 0; run < runs; run++) {
    const { seconds, hash } = await runStep("make-pseudo-labels", count, (savePath) => ({
      supervision,
      weights,
      savePath,
    }));
    labels.push(hash);
    const name = `whole photograph, ${supervision === "box" ? "box" : "others"}`;
    if (run > 0) sayFinding({ name, value: seconds / count, unit: "s", note: `mean of ${count}, one after the other` });
  }
  const same = labels.every((hash) => hash === labels[0]);
  sayFinding({ name: "same seed twice: same labels", ok: same, note: same ? "byte for byte" : "they differ" });
}

async function runStep(
  name: string,
  count: number,
  configOf: (output: string) => object,
): Promise<{ seconds: number; hash: string }> {
  const root = path.join(folder, `gpu-check-${count}`);
  await writeDataset(
    root,
    Array.from({ length: count }, () => [WIDTH, HEIGHT] as const),
  );
  const output = fs.mkdtempSync(path.join(folder, "output-"));
  try {
    const step = steps.find((each) => each.name === name) as Step<object>;
    const config = { voc12Root: root, inferList: path.join(root, "list.txt"), ...configOf(output) };
    const summary = await step.run(config);
    if (summary.done !== count) throw new Error(`${name}: ${summary.done} of ${count} photographs done`);
    return { seconds: summary.seconds, hash: hashOf(output) };
  } finally {
    fs.rmSync(output, { recursive: true });
  }
}

/** Of the pictures in a folder. */
function hashOf(output: string): string {
  const hash = createHash("sha256");
  for (const file of fs
    .readdirSync(output)
    .filter((name) => name.endsWith(".png"))
    .sort())
    hash.update(file).update(fs.readFileSync(path.join(output, file)));
  return hash.digest("hex");
}

async function main(): Promise<void> {
  const [work, backend] = process.argv.slice(2);
  await useBackend(backend);
  await works[work]();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
