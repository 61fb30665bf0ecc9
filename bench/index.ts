/**
 * `npm run bench [-- WORD … --runs N --json FILE --python PYTHON]`: what stages, steps and whole images cost at full width (weights by formula),
 * beside the reference and the figures to reach. Words choose rows by their names (`-- walk crf`, `-- whole`); `all` adds those
 * that take minutes. Whole images run every step, from JPEG to PNG; nothing is extrapolated. The reference's figures were
 * taken on another day and machine: compare ratios, not milliseconds. `-- limit` sets the training step against the machine's own
 * limit, and against PyTorch where the interpreter has it, all in one run.
 */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../src/backend";
import { bfloat16Problem } from "../src/network/bfloat16";
import { inOwnProcess, type Measured, reportFailure } from "./own-process";
import { CLASSES, folder, formulaWeights, HEIGHT, WIDTH, writeDataset } from "./photographs";
import { benchQuickLabel, QUICK_LABEL_ROWS } from "./quick-label";
import { formatRow, type Row, row } from "./row";
import { benchStages, STAGES } from "./stages";
import { benchStepLimit, STEP_LIMIT_ROWS } from "./step-limit";
import { benchTreeFilter } from "./tree-filter";

type Size = readonly [number, number];

const ONE: readonly Size[] = [[WIDTH, HEIGHT]];
const LARGE: readonly Size[] = [[2 * WIDTH, 2 * HEIGHT]];
const SIX: readonly Size[] = [ONE[0], [375, 500], [334, 500], [500, 333], [281, 500], ONE[0]];

async function main(): Promise<void> {
  const { values, positionals: words } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      json: { type: "string" },
      python: { type: "string", default: "python3" },
    },
    allowPositionals: true,
  });
  const runs = Number(values.runs);
  const matches = (name: string): boolean => words.some((word) => word === "all" || name.includes(word));
  const wanted = (name: string): boolean => words.length === 0 || matches(name);
  const rows: Row[] = [];
  const add = (each: Row): void => {
    rows.push(each);
    process.stdout.write(`${formatRow(each)}\n`);
  };
  const machine = `${os.cpus()[0].model}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB, load ${os.loadavg()[0].toFixed(1)}, Node ${process.version}`;
  process.stdout.write(
    `${machine}; ${WIDTH}×${HEIGHT}, ${CLASSES} classes; reference: PyTorch, 2 threads, elsewhere\n`,
  );

  await useBackend("native");
  if (wanted("tree filter")) for (const each of benchTreeFilter(runs)) add(row(each.name, each.runs, each.note));
  if (QUICK_LABEL_ROWS.some(wanted)) await benchQuickLabel(runs, add);
  if (STEP_LIMIT_ROWS.some(wanted)) await benchStepLimit(runs, values.python, wanted, add);
  if (STAGES.some(wanted)) await benchStages(await formulaWeights("affinity"), runs, wanted, add);
  for (const [name, precision] of [
    ["affinity training step", "float32"],
    ["affinity training step, bfloat16", "bfloat16"],
  ] as const) {
    if (!wanted(name) || (precision === "bfloat16" && bfloat16Problem() !== undefined)) continue;
    const job = { weights: await formulaWeights("affinity"), warmUp: 1, precision };
    const measured = await inOwnProcess("affinity-step.ts", job);
    add(row(name, [measured.seconds], `crop 448, batch 1, ${cpu(measured)}`));
    add(row(`${name}, peak memory`, [measured.peakGigabytes], undefined, "GB"));
  }
  if (wanted("infer-seam")) {
    const measured = await inferSeam(ONE);
    add(row("infer-seam", [measured.seconds], `8 passes, two dense CRFs, ${cpu(measured)}`));
    add(row("infer-seam, peak memory", [measured.peakGigabytes], undefined, "GB"));
  }
  for (const kind of ["others", "box"] as const) {
    const name = `whole image, ${kind}`;
    if (wanted(name)) await wholeImages(name, kind, 3, add);
    if (matches(`${name}, 4 times the pixels`)) {
      const { seconds } = await pseudoLabels(kind, LARGE);
      const one = rows.find((each) => each.name === name)?.value ?? (await pseudoLabels(kind, ONE)).seconds;
      add(row(`${name}, 4 times the pixels`, [seconds / one], `${seconds.toFixed(1)} s`, "×"));
    }
  }
  if (matches("six images")) {
    const measured = await pseudoLabels("others", SIX);
    add(row("six images, others, each", [measured.seconds / SIX.length], measured.note));
    add(row("six images, others, peak memory", [measured.peakGigabytes], undefined, "GB"));
  }
  if (values.json !== undefined) fs.writeFileSync(values.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
}

async function wholeImages(name: string, kind: "box" | "others", runs: number, add: (row: Row) => void): Promise<void> {
  const measured: Measured[] = [];
  for (let run = 0; run < runs; run++) measured.push(await pseudoLabels(kind, ONE));
  const seconds = measured.map((each) => each.seconds);
  add(row(name, seconds, measured.map(cpu).join(", ")));
  const peaks = measured.map((each) => each.peakGigabytes);
  add(row(`${name}, peak memory`, peaks, measured[0].note, "GB"));
}

/** `make-pseudo-labels` over photographs of these sizes. */
async function pseudoLabels(kind: "box" | "others", sizes: readonly Size[]): Promise<Measured> {
  const supervision = kind === "box" ? "box" : "scribble";
  return runStep("make-pseudo-labels", sizes, async (savePath) => ({
    supervision,
    weights: await formulaWeights("affinity"),
    savePath,
  }));
}

/** `infer-seam` with three tags an image, from its boxes' names. */
async function inferSeam(sizes: readonly Size[]): Promise<Measured> {
  return runStep("infer-seam", sizes, async (crf) => ({ weights: await formulaWeights("classification"), crf }));
}

async function runStep(
  name: string,
  sizes: readonly Size[],
  configOf: (output: string) => Promise<object>,
): Promise<Measured> {
  const root = path.join(folder, `voc-${sizes.flat().join("-")}`);
  await writeDataset(root, sizes);
  const output = fs.mkdtempSync(path.join(folder, "output-"));
  try {
    const config = { voc12Root: root, inferList: path.join(root, "list.txt"), ...(await configOf(output)) };
    return await inOwnProcess("run-step.ts", { name, config });
  } finally {
    fs.rmSync(output, { recursive: true });
  }
}

function cpu({ cpuSeconds }: Measured): string {
  return `${cpuSeconds.toFixed(1)} CPU-s`;
}

main().catch(reportFailure);
