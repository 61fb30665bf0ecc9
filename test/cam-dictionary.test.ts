import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatasetDescription } from "../src/data/dataset";
import type { NdArray } from "../src/nd-array";
import { decodeCams, encodeCams } from "../src/seam/cam-dictionary";
import { encodeNpyDictionary } from "../src/weights/npy-dictionary";

const dataset: DatasetDescription = { classes: ["background", "a", "b", "c"], palette: [], ignore: 255 };
const size = { width: 3, height: 2 };
const map = (value: number): Float32Array => new Float32Array(6).fill(value);
const bytesOf = (entries: [string | number, NdArray][]): Uint8Array => encodeNpyDictionary(new Map(entries));

test("what is written is read back, classes ascending", () => {
  const cams = {
    ...size,
    maps: new Map([
      [1, map(0.25)],
      [3, map(0.5)],
    ]),
  };
  assert.deepEqual(decodeCams(encodeCams(cams), dataset, size, "x.npy"), cams);
});

test("keys count from 0 at the first foreground class, in any order and number type", () => {
  const bytes = bytesOf([
    [2, { shape: [2, 3], data: Float64Array.from([0, 0.125, 0.25, 0.5, 0.75, 1]) }],
    [0, { shape: [2, 3], data: map(1) }],
  ]);
  const { maps } = decodeCams(bytes, dataset, size, "x.npy");
  assert.deepEqual([...maps.keys()], [1, 3]);
  assert.deepEqual(maps.get(3), Float32Array.of(0, 0.125, 0.25, 0.5, 0.75, 1));
});

test("keys beyond the class list, other sizes and values that are not finite are refused", () => {
  const refuse = (key: string | number, array: NdArray, message: RegExp): void => {
    assert.throws(() => decodeCams(bytesOf([[key, array]]), dataset, size, "x.npy"), message);
  };
  refuse(3, { shape: [2, 3], data: map(1) }, /expected keys from 0 to 2, one per foreground class, got 3 \(x\.npy\)/);
  refuse("keys", { shape: [2, 3], data: map(1) }, /got "keys"/);
  refuse(
    1,
    { shape: [3, 2], data: map(1) },
    /expected a map of 3×2 pixels, as its image has, got 2×3: .* \(class 1 in x\.npy\)/,
  );
  refuse(1, { shape: [2, 3], data: map(Number.NaN) }, /expected finite numbers/);
  const bytes = Uint8Array.of(0, 40, 80, 120, 200, 255);
  refuse(1, { shape: [2, 3], data: bytes }, /activations from 0 to 1, got up to 255: divide the maps/);
});

test("maps of the stored frame are turned as the photograph is", () => {
  const turned = { width: 2, height: 3, orientation: 6 } as const;
  const bytes = bytesOf([[0, { shape: [2, 3], data: Float32Array.of(0, 0.1, 0.2, 0.3, 0.4, 0.5) }]]);
  const { width, height, maps } = decodeCams(bytes, dataset, turned, "x.npy");
  assert.deepEqual([width, height], [2, 3]);
  assert.deepEqual(maps.get(1), Float32Array.of(0.3, 0, 0.4, 0.1, 0.5, 0.2));
});
