import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import type { RgbImage } from "../src/data/image";
import { LiteFeatures } from "../src/efficientnet/lite-features";
import { liteBlocks } from "../src/efficientnet/lite-layout";
import { principalComponents } from "../src/efficientnet/principal-components";
import { Random } from "../src/random";
import { setUpBackbone } from "../src/setup/backbone";
import { backboneRecipe } from "../src/setup/native-recipe";
import { openWeights } from "../src/weights/checkpoint";
import { decodeNpy } from "../src/weights/npy";

let features: LiteFeatures;
before(async () => {
  await useBackend();
  await setUpBackbone();
  const weights = await openWeights(backboneRecipe().weights);
  features = await LiteFeatures.load(weights).finally(() => weights.close());
});
after(() => features.dispose());

const golden = (name: string): ReturnType<typeof decodeNpy> => {
  const file = path.join(__dirname, "lite-goldens", `${name}.npy`);
  return decodeNpy(fs.readFileSync(file), file);
};

test("the variants have the published widths and depths", () => {
  const shape = (variant: "efficientnet-lite0" | "efficientnet-lite2"): [number, number[]] => {
    const blocks = liteBlocks(variant);
    return [blocks.length, [...new Set(blocks.map(({ output }) => output))]];
  };
  assert.deepEqual(shape("efficientnet-lite0"), [16, [16, 24, 40, 80, 112, 192, 320]]);
  assert.deepEqual(shape("efficientnet-lite2"), [21, [16, 24, 48, 88, 120, 208, 352]]);
});

test("stage outputs equal PyTorch's, also where the padding is uneven", () => {
  const { shape, data } = golden("image");
  const image: RgbImage = { height: shape[0], width: shape[1], data: data as Uint8Array };
  const maps = features.stageMaps(image, [0, 1, 2, 3, 4, 5, 6]);
  for (const [stage, map] of maps.entries()) {
    const wanted = golden(`stage${stage}`);
    assert.deepEqual(map.shape.slice(1), wanted.shape);
    const got = map.dataSync<"float32">();
    const largest = got.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(wanted.data[i]))), 0);
    assert.ok(worst < 1e-5 * largest, `stage ${stage}: off by ${worst} of ${largest}`);
  }
  tf.dispose(maps);
});

test("node features are distributions, the same every time, and leave no tensor behind", () => {
  const random = new Random(3);
  const data = Uint8Array.from({ length: 40 * 56 * 3 }, () => random.integer(256));
  const before = tf.memory().numTensors;
  const [first, second] = [0, 1].map(() => {
    const nodes = features.nodes({ height: 40, width: 56, data }, { height: 5, width: 7 });
    const values = nodes.dataSync<"float32">();
    nodes.dispose();
    return values;
  });
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(first, second);
  assert.equal(first.length, 5 * 7 * 48);
  for (let i = 0; i < 35; i++) {
    const row = first.subarray(48 * i, 48 * (i + 1));
    assert.ok(row.every((value) => value >= 0));
    assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
  }
});

test("a photograph of one colour has nodes that are all alike and finite", () => {
  const data = new Uint8Array(16 * 16 * 3).fill(90);
  const nodes = features.nodes({ height: 16, width: 16, data }, { height: 2, width: 2 });
  const values = nodes.dataSync<"float32">();
  nodes.dispose();
  assert.ok(values.every((value) => Number.isFinite(value) && value >= 0));
});

test("principal components: variances and distances as by hand", () => {
  // Three points on a line in the direction (3, 4), unevenly spaced: all variance lies along it.
  const rows = tf.tensor2d([0, 0, 3, 4, 9, 12], [3, 2]);
  const coordinates = principalComponents(rows, 2);
  const values = coordinates.arraySync();
  const mean = (0 + 5 + 15) / 3;
  for (const [i, along] of [0, 5, 15].entries()) {
    assert.ok(Math.abs(values[i][0] - (along - mean)) < 1e-4, `${values[i][0]} is not ${along - mean}`);
    assert.ok(Math.abs(values[i][1]) < 1e-4);
  }
  tf.dispose([rows, coordinates]);
});
