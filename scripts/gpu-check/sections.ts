/** The sections of `gpu-check`, in the order in which they run: what each starts, and how long it may take. */

import os from "node:os";
import path from "node:path";
import type { Measured } from "../../bench/own-process";
import { formulaWeights } from "../../bench/photographs";
import { type Finding, runWork } from "./own-process";
import type { TinyResult } from "./tiny-trainings";

/** The backend whose results are checked; "cpu half" where there is none but the processor's. */
export type Checked = "gpu" | "native";

export interface Section {
  readonly name: string;
  /** True where it says nothing of a machine without a card. */
  readonly needsCard: boolean;
  /** Seconds for all that it starts. */
  readonly limit: number;
  run(where: Where): Promise<void>;
}

export interface Where {
  readonly checked: Checked;
  /** Seconds left for the process that is to be started. */
  left(): number;
  add(finding: Finding): void;
}

const GOLDENS = ["test/golden", "test/segmentation-goldens"];

/** Trainings drift apart by rounding; this much of a loss is far below what a fault would make. */
const LOSS_TOLERANCE = 0.01;
const LABEL_TOLERANCE = 0.01;

export const SECTIONS: readonly Section[] = [
  {
    name: "goldens",
    needsCard: false,
    limit: 150,
    run: (where) => started("scripts/gpu-check/goldens.ts", [where.checked, ...GOLDENS], where),
  },
  { name: "tiny trainings", needsCard: false, limit: 240, run: tinyTrainings },
  { name: "graph", needsCard: true, limit: 100, run: (where) => fullWidth("stages", where) },
  { name: "photograph box", needsCard: true, limit: 90, run: (where) => fullWidth("box", where) },
  { name: "photograph others", needsCard: true, limit: 60, run: (where) => fullWidth("others", where) },
  { name: "in flight", needsCard: true, limit: 60, run: (where) => fullWidth("in flight", where) },
  { name: "processes", needsCard: true, limit: 60, run: severalProcesses },
  {
    name: "deterministic",
    needsCard: true,
    limit: 60,
    run: (where) => fullWidth("others", where, { TF_DETERMINISTIC_OPS: "1" }),
  },
  { name: "affinity", needsCard: true, limit: 90, run: affinitySteps },
  { name: "segmentation", needsCard: true, limit: 120, run: segmentationSteps },
  { name: "infer-seam", needsCard: true, limit: 60, run: (where) => fullWidth("infer-seam", where) },
];

async function started(
  script: string,
  words: readonly string[],
  where: Where,
  environment?: NodeJS.ProcessEnv,
): Promise<void> {
  const found = (line: Finding | string): void => {
    if (typeof line !== "string") where.add(line);
  };
  const { problem } = await runWork(script, words, { limit: where.left(), environment }, found);
  if (problem !== undefined)
    where.add({ name: `${path.basename(script, ".ts")} ${words[0]}`, ok: false, note: problem });
}

function fullWidth(work: string, where: Where, environment?: NodeJS.ProcessEnv): Promise<void> {
  return started("scripts/gpu-check/full-width.ts", [work, where.checked], where, environment);
}

/** Labels in four processes at once: whether they fill the card better than one does. */
async function severalProcesses(where: Where): Promise<void> {
  const seconds: number[] = [];
  const one = (): Promise<void> =>
    fullWidth("others", {
      ...where,
      add: (finding) => {
        if (finding.unit === "s" && finding.value !== undefined) seconds.push(finding.value);
        else if (finding.ok === false) where.add(finding);
      },
    });
  await Promise.all([one(), one(), one(), one()]);
  if (seconds.length === 0) return;
  const each = seconds.reduce((sum, value) => sum + value, 0) / seconds.length / seconds.length;
  where.add({ name: `a photograph, others, ${seconds.length} processes on the card`, value: each, unit: "s" });
}

/** The same trainings on the processor and, where it is another backend, on the one that is checked. */
async function tinyTrainings(where: Where): Promise<void> {
  const expected = await tinyResults("native", where);
  const got = where.checked === "native" ? undefined : await tinyResults(where.checked, where);
  for (const [name, reference] of expected) {
    const { seconds, values } = reference;
    if (got === undefined) {
      const ok = values.length > 0 && values.every(Number.isFinite);
      const note = reference.kind === "losses" ? `last loss ${values.at(-1)?.toFixed(4)}` : undefined;
      where.add({ name, value: seconds, unit: "s", ok, note });
      continue;
    }
    const result = got.get(name);
    if (result === undefined) continue; // its process has said why
    const error = differenceOf(reference, result);
    const ok = error <= (reference.kind === "losses" ? LOSS_TOLERANCE : LABEL_TOLERANCE);
    const what = reference.kind === "losses" ? "largest relative difference of a loss" : "share of other pixels";
    where.add({
      name,
      value: 100 * error,
      unit: "%",
      ok,
      note: `${what}; ${result.seconds.toFixed(1)} s, processor ${seconds.toFixed(1)} s`,
    });
  }
}

async function tinyResults(backend: Checked, where: Where): Promise<Map<string, TinyResult>> {
  const results = new Map<string, TinyResult>();
  const script = "scripts/gpu-check/tiny-trainings.ts";
  const found = (line: Finding | string): void => {
    if (typeof line !== "string" || !line.startsWith('{"name"')) return;
    const result = JSON.parse(line) as TinyResult;
    results.set(result.name, result);
  };
  const { problem } = await runWork(script, [backend], { limit: where.left() }, found);
  if (problem !== undefined) where.add({ name: `tiny trainings on ${backend}`, ok: false, note: problem });
  return results;
}

/** Of losses the largest relative difference, of labels the share of pixels that differ. */
export function differenceOf(a: Pick<TinyResult, "kind" | "values">, b: Pick<TinyResult, "values">): number {
  if (a.values.length !== b.values.length) return Number.POSITIVE_INFINITY;
  if (a.kind === "label") return a.values.filter((value, i) => value !== b.values[i]).length / a.values.length;
  const relative = a.values.map((value, i) => Math.abs(value - b.values[i]) / Math.max(1e-3, Math.abs(value)));
  return relative.reduce((worst, each) => (each <= worst ? worst : Number.isNaN(each) ? Infinity : each), 0);
}

async function affinitySteps(where: Where): Promise<void> {
  const weights = await formulaWeights("affinity");
  const precisions = where.checked === "gpu" ? ["float32", "tf32", "bfloat16"] : ["float32", "bfloat16"];
  for (const precision of precisions) {
    const job = { weights, warmUp: 2, precision, backend: where.checked };
    const name = `affinity training step at 448, ${precision}`;
    await measured("bench/affinity-step.ts", [JSON.stringify(job)], name, where, (line) => {
      const { seconds, note } = JSON.parse(line) as Measured;
      return { value: seconds, unit: "s", note };
    });
  }
}

async function segmentationSteps(where: Where): Promise<void> {
  for (const model of ["deeplab-v2-resnet101", "pspnet-resnet101", "tree-fcn-resnet101"]) {
    const words = ["--one", model, "321", "step", where.checked];
    await measured("bench/segmentation.ts", words, `${model}, step at 321`, where, (line) => {
      const { milliseconds, images, side } = JSON.parse(line) as { milliseconds: number; images: number; side: number };
      return { value: milliseconds / 1000, unit: "s", note: `${images} images of ${side} pixels` };
    });
  }
}

/** A benchmark that prints one line of JSON. */
async function measured(
  script: string,
  words: readonly string[],
  name: string,
  where: Where,
  read: (line: string) => Omit<Finding, "name">,
): Promise<void> {
  const lines: string[] = [];
  const { problem } = await runWork(script, words, { limit: where.left() }, (line) => {
    if (typeof line === "string" && line.startsWith("{")) lines.push(line);
  });
  const last = lines.at(-1);
  if (problem !== undefined || last === undefined) where.add({ name, ok: false, note: problem ?? "it said nothing" });
  else where.add({ name, ...read(last) });
}

/** The machine that everything ran on, for the table's head. */
export function describeMachine(): string {
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.cpus()[0].model}, ${os.availableParallelism()} cores, ${memory} GB, Node ${process.version}`;
}
