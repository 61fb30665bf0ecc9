/** The folder `checkpoints`: every tensor of every weight file of its manifest, and the formula they were made by. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type NdArray, sizeOf } from "../../src/nd-array";
import { openByteSource } from "../../src/weights/byte-source";
import { openWeights, type WeightFile } from "../../src/weights/checkpoint";
import { formulaParameter, formulaRange, formulaTensor } from "../../src/weights/formula";
import { referenceName } from "../../src/weights/mxnet-params";
import { readPthContent } from "../../src/weights/pth";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";

interface FormulaTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly range: readonly [number, number] | null;
  readonly first4: readonly number[];
  readonly sum_f64: number;
}

/** Files of tensors by formula. */
interface FormulaGroup {
  readonly files: readonly string[];
  readonly formula_seed: number;
  readonly tensors: Record<string, FormulaTensor>;
  readonly sha256_concat_le_f32: string;
}

/** Files of tensors written out. 64-bit integers are strings. */
interface ContentGroup {
  readonly files: readonly string[];
  readonly content: Record<string, unknown>;
}

interface ContentTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly (number | string | boolean)[];
}

/** MXNet files of the formula group's tensors under MXNet's names; some hold only the small arrays. */
interface MxnetGroup {
  readonly files: Record<string, string>;
  readonly key_map: Record<string, string | null>;
}

async function check(golden: GoldenCase): Promise<Computed> {
  const folder = path.join(golden.root, golden.name);
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, "manifest.json"), "utf8")) as Record<string, object>;
  const groups = Object.values(manifest);
  const formulas = groups.filter((group): group is FormulaGroup => "tensors" in group);
  let checked = 0;
  for (const group of formulas) checked += await checkFormula(folder, group);
  for (const group of groups) {
    if ("content" in group) checked += await checkContent(folder, group as ContentGroup);
    if ("key_map" in group) checked += await checkMxnet(folder, group as MxnetGroup, formulas);
  }
  return { checked: [checked] };
}

async function checkFormula(folder: string, group: FormulaGroup): Promise<number> {
  const names = Object.keys(group.tensors);
  for (const [name, { shape, range, first4, sum_f64: sum }] of Object.entries(group.tensors)) {
    const ours = formulaRange(name, shape);
    assert.equal(ours === null, range === null, name);
    for (const i of [0, 1]) assert.ok(Math.abs((ours?.[i] ?? 0) - (range?.[i] ?? 0)) < 1e-12, `range of ${name}`);
    const { data } = formulaParameter(name, shape, group.formula_seed);
    assert.deepEqual([...data.subarray(0, first4.length)], first4, `formula of ${name}`);
    assert.ok(Math.abs(data.reduce((total, value) => total + value, 0) - sum) < 1e-9, `formula's sum of ${name}`);
  }
  for (const file of group.files)
    await usingWeights(path.join(folder, file), async (weights) => {
      assert.deepEqual(weights.names(), names, `names in ${file}`);
      const hash = createHash("sha256");
      for (const name of names) {
        const { shape, dtype } = group.tensors[name];
        const array = await weights.read(name);
        compare(array, shape, dtype, wanted(group, name).data, `${name} in ${file}`);
        hash.update(new Uint8Array(Float32Array.from(array.data).buffer));
      }
      assert.equal(hash.digest("hex"), group.sha256_concat_le_f32, `all values of ${file}`);
    });
  return names.length * group.files.length;
}

async function checkContent(folder: string, group: ContentGroup): Promise<number> {
  const nested = Object.entries(group.content).filter(([, value]) => typeof value === "object");
  const plain = Object.entries(group.content).filter(([, value]) => typeof value !== "object");
  const [[wrapper, tensors]] = nested as [string, Record<string, ContentTensor>][];
  for (const file of group.files) {
    const source = await openByteSource(path.join(folder, file));
    const { value } = await readPthContent(source);
    await source.close();
    assert.ok(value instanceof Map && value.has(wrapper), `${wrapper} in ${file}`);
    assert.equal(value.size, nested.length + plain.length, `entries of ${file}`);
    for (const [key, entry] of plain) assert.equal(value.get(key), entry, `${key} in ${file}`);
    await usingWeights(path.join(folder, file), async (weights) => {
      assert.deepEqual(weights.names(), Object.keys(tensors), `names in ${file}`);
      for (const [name, { shape, dtype, values }] of Object.entries(tensors))
        compare(await weights.read(name), shape, dtype, values.map(Number), `${name} in ${file}`);
    });
  }
  return group.files.length * (plain.length + Object.keys(tensors).length);
}

async function checkMxnet(folder: string, group: MxnetGroup, formulas: readonly FormulaGroup[]): Promise<number> {
  for (const [mxnetName, name] of Object.entries(group.key_map))
    assert.equal(referenceName(mxnetName) ?? null, name, mxnetName);
  const mapped = Object.values(group.key_map).filter((name) => name !== null);
  let checked = 0;
  for (const [file, description] of Object.entries(group.files))
    await usingWeights(path.join(folder, file), async (weights) => {
      const limit = Number(/<\s*(\d+) elements/.exec(description)?.[1] ?? Number.NaN);
      const formula = formulas.find(({ tensors }) => mapped.every((name) => name in tensors));
      assert.ok(formula !== undefined, `the tensors of ${file}`);
      const fitting = mapped.filter((name) => sizeOf(formula.tensors[name].shape) < limit);
      const names = weights.names();
      if (!Number.isNaN(limit)) assert.deepEqual([...names].sort(), fitting.sort(), `names in ${file}`);
      assert.ok(names.length > 0 && names.every((name) => mapped.includes(name)), `names in ${file}`);
      for (const name of names)
        compare(
          await weights.read(name),
          formula.tensors[name].shape,
          "torch.float32",
          wanted(formula, name).data,
          name,
        );
      checked += names.length;
    });
  return checked;
}

function wanted({ tensors, formula_seed: seed }: FormulaGroup, name: string): NdArray<Float32Array> {
  const { shape, range } = tensors[name];
  return { shape, data: range === null ? new Float32Array(sizeOf(shape)) : formulaTensor(name, shape, seed, ...range) };
}

/** What each type of the file becomes. */
const arrayTypes: Readonly<Record<string, readonly string[]>> = {
  "torch.float16": ["Float32Array"],
  "torch.bfloat16": ["Float32Array"],
  "torch.float32": ["Float32Array"],
  "torch.float64": ["Float64Array"],
  "torch.int8": ["Int8Array"],
  "torch.int16": ["Int16Array"],
  "torch.int32": ["Int32Array"],
  "torch.int64": ["Int32Array", "Float64Array"],
  "torch.uint8": ["Uint8Array"],
  "torch.bool": ["Uint8Array"],
};

function compare(
  got: NdArray,
  shape: readonly number[],
  dtype: string,
  values: ArrayLike<number>,
  where: string,
): void {
  assert.deepEqual(got.shape, shape, `shape of ${where}`);
  assert.ok(
    arrayTypes[dtype]?.includes(got.data.constructor.name),
    `${dtype} as ${got.data.constructor.name}: ${where}`,
  );
  assert.equal(got.data.length, values.length, `size of ${where}`);
  for (let i = 0; i < values.length; i++) assert.ok(Object.is(got.data[i], values[i]), `value ${i} of ${where}`);
}

async function usingWeights(file: string, use: (weights: WeightFile) => Promise<void>): Promise<void> {
  const weights = await openWeights(file);
  try {
    await use(weights);
  } finally {
    await weights.close();
  }
}

export const handlers: GoldenHandler[] = [{ prefixes: ["checkpoints"], run: check }];
