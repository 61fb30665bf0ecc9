import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import type { RgbImage } from "../src/data/image";
import { multiScaleCams, type RefinedMapSource } from "../src/seam/multi-scale";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

/** Bright in the left half. */
const photograph: RgbImage = {
  width: 9,
  height: 5,
  data: Uint8Array.from({ length: 9 * 5 * 3 }, (_, i) => (Math.floor(i / 3) % 9 < 4 ? 250 : 10)),
};

test("the network sees every scale and its mirror image; the maps return to the photograph's size and orientation", () => {
  const seen: string[] = [];
  const network: RefinedMapSource = {
    refinedMaps(image, classes) {
      const [, h, w] = image.shape;
      const red = image.slice([0, 0, 0, 0], [1, h, w, 1]);
      const left = red.slice([0, 0, 0, 0], [1, h, 1, 1]).mean().dataSync()[0];
      seen.push(`${w}×${h} ${left > 0 ? "bright left" : "bright right"}`);
      return red.tile([1, 1, 1, classes.length]);
    },
  };
  const { maps, width, height } = multiScaleCams(photograph, [2, 5], network);
  assert.deepEqual([width, height], [9, 5]);
  assert.deepEqual(
    seen,
    ["4×2", "9×5", "14×8", "18×10"].flatMap((size) => [`${size} bright left`, `${size} bright right`]), // 4.5, 2.5 to even
  );
  assert.deepEqual([...maps.keys()], [2, 5]);
  for (const map of maps.values()) {
    assert.equal(map.length, 45);
    for (let y = 0; y < 5; y++) {
      assert.ok(map[y * 9] > 0.9, `left ${map[y * 9]}`);
      assert.ok(map[y * 9 + 8] < 0.01, `right ${map[y * 9 + 8]}`);
    }
  }
});

test("without mirror images and with one scale the network is asked once; without tags never", () => {
  let asked = 0;
  const network: RefinedMapSource = {
    refinedMaps(image, classes) {
      asked++;
      return tf.ones([1, image.shape[1], image.shape[2], classes.length]);
    },
  };
  multiScaleCams(photograph, [1], network, { scales: [1], flip: false });
  assert.equal(asked, 1);
  assert.equal(multiScaleCams(photograph, [], network).maps.size, 0);
  assert.equal(asked, 1);
});
