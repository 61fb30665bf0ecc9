import assert from "node:assert/strict";
import { test } from "node:test";
import type { NdArray } from "../src/nd-array";
import { openWeightsFrom, type WeightFile } from "../src/weights/checkpoint";
import { referenceName } from "../src/weights/mxnet-params";
import { bytesInMemory, damaged, readsOrRefuses } from "./damage";

const uint32 = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
const uint64 = (...values: (number | bigint)[]): Buffer => Buffer.from(BigUint64Array.from(values, BigInt).buffer);

type Version = 0 | 1 | 2 | 3;
const magic: Readonly<Record<Version, Buffer>> = {
  0: Buffer.alloc(0),
  1: uint32(0xf993fac8),
  2: uint32(0xf993fac9, 0),
  3: uint32(0xf993faca, 0),
};

function array(version: Version, shape: readonly number[], flag: number, data: Uint8Array): Buffer {
  const extents = version === 0 ? uint32(...shape) : uint64(...shape);
  return Buffer.concat([magic[version], uint32(shape.length), extents, uint32(1, 0, flag), data]);
}

function params(arrays: readonly (readonly [string, Uint8Array])[]): Buffer {
  const names = arrays.flatMap(([name]) => [uint64(name.length), Buffer.from(name)]);
  const count = uint64(arrays.length);
  return Buffer.concat([uint64(0x112, 0), count, ...arrays.map(([, bytes]) => bytes), count, ...names]);
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const open = (bytes: Uint8Array): Promise<WeightFile> => openWeightsFrom(bytesInMemory(bytes));

async function everything(file: WeightFile): Promise<Map<string, NdArray>> {
  const parameters = new Map<string, NdArray>();
  for (const name of file.names()) parameters.set(name, await file.read(name));
  return parameters;
}

test("the layouts of 2016, 2017 and since, under the reference's names", async () => {
  for (const version of [0, 1, 2, 3] as const) {
    const weights = await open(
      params([
        ["arg:conv1a_weight", array(version, [1, 3, 1, 1], 0, floats(1, 2, 3))],
        ["arg:linear1000_weight", array(version, [1], 0, floats(1))],
        ["aux:bn7_moving_var", array(version, [2], 1, new Uint8Array(Float64Array.of(0.5, 2).buffer))],
        ["arg:res5b2_branch2a_weight", array(version, [2, 1], 2, Uint8Array.of(0, 0x3c, 0, 0xc0))],
      ]),
    );
    assert.equal(weights.format, "params");
    assert.deepEqual(weights.shape("conv1a.weight"), [1, 3, 1, 1]);
    assert.deepEqual(
      [...(await everything(weights))],
      [
        ["conv1a.weight", { shape: [1, 3, 1, 1], data: Float32Array.of(1, 2, 3) }],
        ["bn7.running_var", { shape: [2], data: Float64Array.of(0.5, 2) }],
        ["b5_2.conv_branch2a.weight", { shape: [2, 1], data: Float32Array.of(1, -2) }],
      ],
    );
  }
});

test("names", () => {
  const names: [string, string | undefined][] = [
    ["arg:conv1a_weight", "conv1a.weight"],
    ["arg:res2a_branch1_weight", "b2.conv_branch1.weight"],
    ["arg:res4b5_branch2b1_weight", "b4_5.conv_branch2b1.weight"],
    ["arg:bn6a_branch2b2_gamma", "b6.bn_branch2b2.weight"],
    ["arg:bn3b1_branch2a_beta", "b3_1.bn_branch2a.bias"],
    ["aux:bn3b1_branch2a_moving_mean", "b3_1.bn_branch2a.running_mean"],
    ["aux:bn7_moving_mean", "bn7.running_mean"],
    ["arg:bn7_gamma", "bn7.weight"],
    ["arg:linear1000_bias", undefined],
    ["arg:fc8_weight", "fc8_weight"],
  ];
  for (const [mxnetName, name] of names) assert.equal(referenceName(mxnetName), name, mxnetName);
});

test("empty arrays, scalars with numpy's meaning of shapes", async () => {
  const none = Buffer.concat([magic[2], uint32(0)]);
  const scalar = array(3, [], 0, floats(5));
  const weights = await open(
    params([
      ["a", none],
      ["b", scalar],
    ]),
  );
  assert.deepEqual(await weights.read("a"), { shape: [0], data: Float32Array.of() });
  assert.deepEqual(await weights.read("b"), { shape: [], data: Float32Array.of(5) });
});

test("hostile files", async () => {
  const refused = (bytes: Uint8Array, message: RegExp): Promise<void> =>
    assert.rejects(async () => everything(await open(bytes)), { name: "UserError", code: "weights", message });
  const good = array(2, [1], 0, floats(1));
  await refused(params([["a", array(2, [2 ** 40], 0, floats(1))]]), /4398046511104 bytes/);
  await refused(params([["a", array(2, [2 ** 40, 2 ** 40], 0, floats(1))]]), /possible shape/);
  await refused(params([["a", array(1, new Array(33).fill(1), 0, floats(1))]]), /at most 32 axes, got 33/);
  await refused(params([["a", uint32(0xffffffff, 1, 1)]]), /at most 32 axes/);
  await refused(params([["a", array(2, [1], 99, floats(1))]]), /type flag 99/);
  await refused(params([["a", Buffer.concat([uint32(0xf993fac9, 1), good])]]), /dense array, got storage type 1/);
  await refused(
    params([
      ["a", good],
      ["a", good],
    ]),
    /two arrays are both "a"/,
  );
  await refused(Buffer.concat([uint64(0x112, 0, 1), good, uint64(0)]), /names for 1 arrays, got 0/);
  await refused(Buffer.concat([uint64(0x112, 0, 1), good, uint64(1, 2n ** 60n)]), /a name/);
  await refused(uint64(0x112, 0, 2n ** 60n), /at most 1048576 arrays/);
});

test("damaged files are read or refused, nothing else", async () => {
  for (const version of [0, 1, 2] as const) {
    const good = params([
      ["arg:conv1a_weight", array(version, [1, 3, 1, 1], 0, floats(1, 2, 3))],
      ["aux:bn7_moving_var", array(version, [2], 0, floats(4, 5))],
    ]);
    let refused = 0;
    for (const bad of damaged(good, 1500))
      if ((await readsOrRefuses(async () => everything(await open(bad)))) === "refused") refused++;
    assert.ok(refused >= good.length);
  }
});
