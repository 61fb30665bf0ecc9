import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { createGatedCrf, gatedCrfKernels, gatedCrfLoss } from "../src/graph/gated-crf";
import { throughSoftmax } from "../src/graph/loss";
import { checkConsistency, clipBoxes, findPoints, multiPointLoss } from "../src/graph/multi-point";
import { createSeedTargets, crossEntropyOnSeeds } from "../src/graph/seed-cross-entropy";
import { createUpsampler } from "../src/image-ops/upsampler";
import { windowedMap } from "../src/window/windowed-map";
import { assertGradient, normalTensor } from "./numeric-gradient";

const IGNORE = 255;
const [H, W, K] = [5, 6, 4];
let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind"));

test("upsampling equals a half-pixel bilinear resize, and `down` is its transpose", () => {
  const upsampler = createUpsampler([H, W], [37, 48]);
  tf.tidy(() => {
    const grid = normalTensor([H * W, K], 1) as tf.Tensor2D;
    const wanted = tf.image.resizeBilinear(grid.reshape([1, H, W, K]) as tf.Tensor4D, [37, 48], false, true);
    const difference = tf.max(tf.abs(tf.sub(upsampler.up(grid), wanted.reshape([37 * 48, K]))));
    assert.ok(difference.dataSync()[0] < 1e-5);
    const pixels = normalTensor([37 * 48, K], 2) as tf.Tensor2D;
    const there = tf.sum(tf.mul(upsampler.up(grid), pixels)).dataSync()[0];
    const back = tf.sum(tf.mul(grid, upsampler.down(pixels))).dataSync()[0];
    assert.ok(Math.abs(there - back) < 1e-3 * Math.abs(there));
    const apart = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
    assert.ok(apart(upsampler.upToPlanes(grid), tf.transpose(upsampler.up(grid))) < 1e-6);
    assert.ok(apart(upsampler.downFromPlanes(tf.transpose(pixels)), upsampler.down(pixels)) < 1e-4);
  });
  upsampler.dispose();
});

/** Background left, class 2 in the middle, the rest unknown. */
function someSeed(): Uint8Array {
  const seed = new Uint8Array(H * W * 64).fill(IGNORE);
  for (let y = 0; y < H * 8; y++) {
    for (let x = 0; x < 9; x++) seed[y * W * 8 + x] = 0;
    if (y > 12 && y < 25) for (let x = 20; x < 31; x++) seed[y * W * 8 + x] = y < 20 ? 2 : 3;
  }
  return seed;
}

test("seed cross-entropy: mean over background plus mean over foreground, with its gradient", () => {
  const upsampler = createUpsampler([H, W], [H * 8, W * 8]);
  const seed = someSeed();
  const targets = createSeedTargets(seed, K, IGNORE, upsampler);
  const logits = normalTensor([H * W, K], 3);
  tf.tidy(() => {
    const { value } = crossEntropyOnSeeds(
      logits as tf.Tensor2D,
      upsampler.upToPlanes(logits as tf.Tensor2D),
      targets,
      upsampler,
    );
    const logs = tf.logSoftmax(upsampler.up(logits as tf.Tensor2D)).dataSync();
    const means = [0, 0];
    const counts = [0, 0];
    seed.forEach((label, i) => {
      if (label === IGNORE) return;
      counts[label === 0 ? 0 : 1]++;
      means[label === 0 ? 0 : 1] -= logs[i * K + label];
    });
    assert.ok(Math.abs(value.dataSync()[0] - means[0] / counts[0] - means[1] / counts[1]) < 1e-4);
  });
  assertGradient(
    (x) => crossEntropyOnSeeds(x as tf.Tensor2D, upsampler.upToPlanes(x as tf.Tensor2D), targets, upsampler),
    logits,
  );
  targets.dispose();
  logits.dispose();
  upsampler.dispose();
});

test("no seeds of a kind, or none at all, give 0, not NaN", () => {
  const upsampler = createUpsampler([H, W], [H * 8, W * 8]);
  const logits = normalTensor([H * W, K], 3) as tf.Tensor2D;
  const lossOf = (seed: Uint8Array): number[] => {
    const targets = createSeedTargets(seed, K, IGNORE, upsampler);
    const numbers = tf.tidy(() => {
      const { value, gradient } = crossEntropyOnSeeds(logits, upsampler.upToPlanes(logits), targets, upsampler);
      return [value.dataSync()[0], tf.max(tf.abs(gradient)).dataSync()[0]];
    });
    targets.dispose();
    return numbers;
  };
  const nothing = lossOf(new Uint8Array(H * W * 64).fill(IGNORE));
  assert.ok(Math.abs(nothing[0]) < 1e-6 && nothing[1] === 0);
  for (const label of [0, 2]) {
    const [value, gradient] = lossOf(new Uint8Array(H * W * 64).fill(label));
    assert.ok(Number.isFinite(value) && value > 0 && gradient > 0);
  }
  assert.throws(() => createSeedTargets(new Uint8Array(H * W * 64).fill(K), K, IGNORE, upsampler), /labels below 4/);
  logits.dispose();
  upsampler.dispose();
});

test("gated CRF: the sum over pairs, with its gradient through the softmax", () => {
  const colour = normalTensor([H * W * 3], 4, 0.1);
  const kernels = gatedCrfKernels(colour.dataSync() as Float32Array, { height: H, width: W, radius: 2 }, [
    { weight: 1, xy: 6, rgb: 0.1 },
  ]);
  const mask = Float32Array.from({ length: H * W }, (_, i) => (i % 5 === 0 ? 0 : 1));
  for (const masks of [{}, { source: mask, destination: mask }]) {
    const crf = createGatedCrf(kernels, masks);
    const logits = normalTensor([H * W, K], 5);
    const loss = (x: tf.Tensor): { value: tf.Tensor; gradient: tf.Tensor } => {
      const probabilities = tf.softmax(x as tf.Tensor2D);
      const { value, gradient } = gatedCrfLoss(probabilities, crf);
      return { value: tf.mul(value, 10), gradient: tf.mul(throughSoftmax(probabilities, gradient), 10) };
    };
    assertGradient(loss, logits, { epsilon: 3e-2 });
    logits.dispose();
    crf.dispose();
  }
  colour.dispose();
});

/**
 * 1×2 map, radius 1, one kernel of weight 1 and xy 1: a neighbour inside has e^-½, one outside e^(-½|its own place|²) with the
 * place counted from 0. Source weights ½ and 2: the first counts as 0, the second doubles the kernel and the divisor.
 */
test("gated CRF: a mask's weights below 1 count as 0, those above as they are", () => {
  const grid = { height: 1, width: 2, radius: 1 };
  const crf = createGatedCrf(gatedCrfKernels(new Float32Array(6), grid, [{ weight: 1, xy: 1 }]), {
    source: Float32Array.of(0.5, 2),
  });
  assert.equal(crf.cells, 2);
  assert.ok(Math.abs(crf.total - 2 * Math.exp(-0.5)) < 1e-6); // the one neighbour that the mask lets through
  crf.dispose();
  const empty = createGatedCrf(windowedMap(new Float32Array(18).fill(1), grid), {
    destination: Float32Array.of(Number.NaN, 0.9),
  });
  assert.deepEqual([empty.cells, empty.total], [1, 0]);
  empty.dispose();
});

test("boxes: both ends included, cut to the map, empty ones dropped", () => {
  const box = { xmin: -3, ymin: 2, xmax: 500, ymax: 9, class: 1 };
  assert.deepEqual(clipBoxes([box, { ...box, ymin: 90, ymax: 95 }], [40, 48]), [
    { left: 0, top: 2, right: 47, bottom: 9, class: 1 },
  ]);
});

test("multi-point loss: one point a row and a column, gradients of logits and features", () => {
  const upsampler = createUpsampler([H, W], [H * 8, W * 8]);
  const boxes = clipBoxes(
    [
      { xmin: 3, ymin: 5, xmax: 21, ymax: 30, class: 1 },
      { xmin: 10, ymin: 2, xmax: 47, ymax: 20, class: 3 },
    ],
    upsampler.to,
  );
  const logits = normalTensor([H * W, K], 6);
  const nodes = normalTensor([H * W, 7], 8);
  const pixels = tf.tidy(() => upsampler.up(logits as tf.Tensor2D));
  const points = findPoints(pixels, boxes, upsampler);
  assert.deepEqual(
    points.map((each) => each.pixels.length),
    [26 + 19, 19 + 38],
  );
  const scores = pixels.dataSync();
  for (let y = 0; y < 26; y++) {
    const row = Array.from({ length: 19 }, (_, x) => scores[((5 + y) * W * 8 + 3 + x) * K + 1]);
    assert.equal(points[0].pixels[y], (5 + y) * W * 8 + 3 + row.indexOf(Math.max(...row)));
  }
  assertGradient((x) => {
    const { value, dLogits } = multiPointLoss(
      upsampler.upToPlanes(x as tf.Tensor2D),
      nodes as tf.Tensor2D,
      points,
      upsampler,
    );
    return { value, gradient: dLogits };
  }, logits);
  assertGradient((x) => {
    const { value, dNodes } = multiPointLoss(tf.transpose(pixels), x as tf.Tensor2D, points, upsampler);
    return { value, gradient: dNodes };
  }, nodes);
  tf.dispose([logits, nodes, pixels]);
  upsampler.dispose();
});

test("multi-point loss: boxes of all sizes share the shapes of their matrix products", async () => {
  const upsampler = createUpsampler([H, W], [H * 8, W * 8]);
  const nodes = normalTensor([H * W, 7], 8) as tf.Tensor2D;
  const pixels = normalTensor([H * W * 64, K], 6) as tf.Tensor2D;
  const shapesOf = async (side: number): Promise<readonly (readonly number[])[]> => {
    const boxes = clipBoxes([{ xmin: 2, ymin: 3, xmax: 1 + side, ymax: 2 + side, class: 1 }], upsampler.to);
    const points = findPoints(pixels, boxes, upsampler);
    const { kernels, result } = await tf.profile(() =>
      tf.tidy(() => multiPointLoss(tf.transpose(pixels), nodes, points, upsampler).value),
    );
    tf.dispose(result);
    return kernels.filter(({ name }) => name === "BatchMatMul").flatMap(({ inputShapes }) => inputShapes);
  };
  const shapes = await shapesOf(20); // 40 points
  assert.equal(shapes.length, 8); // four products
  assert.deepEqual(await shapesOf(7), shapes);
  assert.notDeepEqual(await shapesOf(33), shapes); // 66 points
  tf.dispose([nodes, pixels]);
  upsampler.dispose();
});

test("consistency checking equals the comparison on the upsampled feature map, and edits only the box's class", () => {
  const upsampler = createUpsampler([H, W], [H * 8, W * 8]);
  const nodes = normalTensor([H * W, 7], 9) as tf.Tensor2D;
  const boxes = clipBoxes([{ xmin: 4, ymin: 6, xmax: 40, ymax: 33, class: 2 }], upsampler.to);
  const prototype = normalTensor([7], 10) as tf.Tensor1D;
  const features = tf.tidy(() => upsampler.up(nodes).dataSync());
  const p = prototype.dataSync();
  for (const threshold of [0, 0.3]) {
    const seed = someSeed();
    const wanted = someSeed();
    for (let y = 6; y <= 33; y++) {
      for (let x = 4; x <= 40; x++) {
        const i = y * W * 8 + x;
        const f = features.subarray(i * 7, (i + 1) * 7) as Float32Array;
        const cos = f.reduce((sum, value, c) => sum + value * p[c], 0) / (Math.hypot(...f) * Math.hypot(...p));
        if (wanted[i] === 2 && cos < threshold) wanted[i] = IGNORE;
      }
    }
    const points = [{ box: boxes[0], pixels: new Int32Array(0) }];
    const changed = checkConsistency(seed, nodes, points, [prototype], upsampler, { threshold, ignore: IGNORE });
    assert.deepEqual(seed, wanted);
    assert.equal(changed, wanted.filter((label, i) => label !== someSeed()[i]).length);
    assert.ok(changed > 0);
  }
  tf.dispose([nodes, prototype]);
  upsampler.dispose();
});
