/**
 * Golden cases: tensors recorded from the reference. A file in `golden-cases/` computes the outputs and gradients of the
 * cases whose names match; the runner here reads the inputs, compares everything the manifest lists, and counts.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { NdArray } from "../src/nd-array";
import { sizeOf } from "../src/nd-array";
import { decodeNpy } from "../src/weights/npy";

export interface Tolerance {
  readonly atol?: number;
  readonly rtol?: number;
  readonly exact?: boolean;
  readonly max_mismatch_fraction?: number;
}

interface TensorEntry {
  readonly file: string;
  readonly role: "input" | "param" | "output" | "grad";
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly meaning?: string;
  readonly tol?: Tolerance;
}

interface CaseEntry {
  readonly meaning: string;
  readonly attrs: Record<string, unknown>;
  readonly tensors: Record<string, TensorEntry>;
}

/** What a handler gets: the case's name, its attributes, and its tensors on demand. */
export class GoldenCase {
  constructor(
    /** The folder that holds `manifest.json`; attributes may name files below it. */
    readonly root: string,
    readonly name: string,
    private readonly entry: CaseEntry,
  ) {}

  /** The manifest's description of the case. */
  get meaning(): string {
    return this.entry.meaning;
  }

  /** Attribute of the manifest. @throws when absent */
  attr<T>(key: string): T {
    assert.ok(key in this.entry.attrs, `attribute "${key}" is missing in ${this.name}`);
    return this.entry.attrs[key] as T;
  }

  has(tensor: string): boolean {
    return tensor in this.entry.tensors;
  }

  /** Names of the tensors of a role, in the manifest's order. */
  names(role: TensorEntry["role"]): string[] {
    return Object.keys(this.entry.tensors).filter((name) => this.entry.tensors[name].role === role);
  }

  tensor(name: string): NdArray {
    const entry = this.entry.tensors[name];
    assert.ok(entry !== undefined, `tensor "${name}" is missing in ${this.name}`);
    return this.file(entry.file.includes("/") ? entry.file : path.join(this.name, entry.file));
  }

  /** Same, as float32, whatever the file holds. */
  floats(name: string): NdArray<Float32Array> {
    const { shape, data } = this.tensor(name);
    return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
  }

  /** Parameters and their original names (dots, not underscores). */
  params(): Map<string, NdArray> {
    return new Map(this.names("param").map((name) => [this.entry.tensors[name].meaning ?? name, this.tensor(name)]));
  }

  /** A `.npy` file below the goldens' folder. */
  file(relative: string): NdArray {
    return decodeNpy(fs.readFileSync(path.join(this.root, relative)), relative);
  }

  toleranceOf(name: string): Tolerance {
    return this.entry.tensors[name].tol ?? {};
  }
}

/**
 * Computed tensors by the manifest's names; shapes may differ from the golden's where only 1s differ. A case that compares
 * for itself, a folder, throws at a difference and gives the number of tensors it compared as `checked`.
 */
export type Computed = Record<string, NdArray | ArrayLike<number>>;

export interface GoldenHandler {
  /** The cases whose names begin with one of these. */
  readonly prefixes: readonly string[];
  run(golden: GoldenCase): Promise<Computed> | Computed;
}

export interface GoldenResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "not supported";
  readonly compared: number;
  readonly wanted: number;
  /** max |got − golden| / tolerance over all tensors: passes at ≤ 1. */
  readonly worst: number;
  readonly detail: string;
}

/** Runs one case and compares all its output and grad tensors. */
export async function runGoldenCase(golden: GoldenCase, handler: GoldenHandler | undefined): Promise<GoldenResult> {
  const names = [...golden.names("output"), ...golden.names("grad")];
  const result = { name: golden.name, wanted: names.length };
  if (handler === undefined) return { ...result, status: "not supported", compared: 0, worst: Number.NaN, detail: "" };
  try {
    const computed = await handler.run(golden);
    const missing = names.filter((name) => computed[name] === undefined);
    let worst = 0;
    const failures: string[] = missing.map((name) => `${name}: not computed`);
    for (const name of names) {
      if (computed[name] === undefined) continue;
      const ratio = errorOverTolerance(golden, name, computed[name]);
      if (!(ratio <= 1)) failures.push(`${name}: error ${ratio.toPrecision(3)} × tolerance`);
      worst = Math.max(worst, Number.isNaN(ratio) ? Infinity : ratio);
    }
    const status = failures.length === 0 ? "passed" : "failed";
    const compared = names.length - missing.length;
    if (names.length === 0 && computed.checked !== undefined) {
      const checked = (computed.checked as ArrayLike<number>)[0];
      return { ...result, status, compared: checked, wanted: checked, worst, detail: "" };
    }
    return { ...result, status, compared, worst, detail: failures.join("; ") };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...result, status: "failed", compared: 0, worst: Number.NaN, detail };
  }
}

function errorOverTolerance(golden: GoldenCase, name: string, computed: NdArray | ArrayLike<number>): number {
  const wanted = golden.tensor(name);
  const got = "shape" in computed ? computed.data : computed;
  if ("shape" in computed) {
    const squeezed = (shape: readonly number[]): string => shape.filter((extent) => extent !== 1).join("×");
    assert.equal(squeezed(computed.shape), squeezed(wanted.shape), `shape of ${name}`);
  }
  assert.equal(got.length, sizeOf(wanted.shape), `size of ${name}`);
  const { atol = 0, rtol = 0, exact, max_mismatch_fraction: fraction } = golden.toleranceOf(name);
  if (exact || fraction !== undefined) {
    let different = 0;
    for (let i = 0; i < got.length; i++) if (got[i] !== wanted.data[i]) different++;
    return different === 0 ? 0 : different / got.length / (fraction ?? 0);
  }
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const ratio = Math.abs(got[i] - wanted.data[i]) / (atol + rtol * Math.abs(wanted.data[i]));
    if (!(ratio <= worst)) worst = Number.isNaN(ratio) ? Infinity : ratio;
  }
  return worst;
}

/** Every handler in `golden-cases/`. */
export async function loadHandlers(): Promise<GoldenHandler[]> {
  const folder = path.join(__dirname, "golden-cases");
  const files = fs.readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const modules = await Promise.all(files.map((file) => import(path.join(folder, file))));
  return modules.flatMap((module) => (module.handlers ?? module.default?.handlers) as GoldenHandler[]);
}

/** The cases of a folder of goldens, in order. */
export function readGoldenFolder(root: string): GoldenCase[] {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, "manifest.json"), "utf8")) as {
    cases: Record<string, CaseEntry>;
  };
  return Object.entries(manifest.cases).map(([name, entry]) => new GoldenCase(root, name, entry));
}

/** The folders `checkpoints` and `dataset` count as cases of their own: their handlers check them file by file. */
export function folderCases(root: string): GoldenCase[] {
  return ["checkpoints", "dataset"]
    .filter((name) => fs.existsSync(path.join(root, name)))
    .map((name) => new GoldenCase(root, name, { meaning: name, attrs: {}, tensors: {} }));
}

export function handlerFor(handlers: readonly GoldenHandler[], name: string): GoldenHandler | undefined {
  return handlers.find((handler) => handler.prefixes.some((prefix) => name.startsWith(prefix)));
}
