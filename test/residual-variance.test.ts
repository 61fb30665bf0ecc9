import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { initialNetwork } from "../src/network/initial-head";
import { parameterShapes } from "../src/network/layout";
import { residualVariance } from "../src/network/residual-variance";
import { ResNet38 } from "../src/network/resnet38";
import { normalTensor } from "./numeric-gradient";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

test("counts the branches that a normalisation sees summed", () => {
  assert.deepEqual(
    ["b2", "b2_1", "b2_2", "b3", "b3_1", "b4_5", "b5", "b6", "b7"].map((b) => residualVariance(`${b}.bn_branch2a`)),
    [2, 2, 3, 4, 2, 6, 7, 4, 2],
  );
  assert.equal(residualVariance("bn7"), 2);
  assert.equal(residualVariance("b4.bn_branch2b1"), 1);
});

// Zeros beyond the border count as pixels of the mean, so it stays below 0.5.
test("a network without weights keeps its activations in bounds", async () => {
  const initial = initialNetwork(3);
  const weights = new Map([...parameterShapes(8, "backbone")].map(([name, shape]) => [name, initial(name, shape)]));
  const net = await ResNet38.load(weights);
  const meanSquares = tf.tidy(() => {
    const taps = net.forward(normalTensor([1, 128, 128, 3], 5) as tf.Tensor4D);
    return [taps.conv4, taps.conv5, taps.conv6].map((tap) => tap.square().mean().dataSync()[0]);
  });
  net.dispose();
  for (const meanSquare of meanSquares) assert.ok(meanSquare > 0.05 && meanSquare < 1, `${meanSquares}`);
});
