import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { MODELS } from "../src/config/segmentation-models";
import { resizeBilinear } from "../src/image-ops/bilinear";
import { resizeNearestCentre } from "../src/image-ops/nearest";
import type { NdArray } from "../src/nd-array";
import { convolve } from "../src/network/convolution";
import { valueDropoutLayer } from "../src/network/dropout-layer";
import type { Pass } from "../src/network/layer";
import { maxPool } from "../src/network/max-pool";
import { modelOf, renamed, shapeOf } from "../src/segmentation/network-shape";
import { openTrainable, shapeFromScratch } from "../src/segmentation/open-segmenter";
import { classProbabilities } from "../src/segmentation/predict";
import { Segmenter } from "../src/segmentation/segmenter";
import { countLabels, labelLoss, pixelWeights } from "../src/training/segmentation/label-loss";
import { segmentationCrop } from "../src/training/segmentation/segmentation-sample";
import { assertGradient, normalTensor } from "./numeric-gradient";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "tensors leak"));

const noPass: Pass = {
  kernel: () => assert.fail(),
  bias: () => assert.fail(),
  normalise: () => assert.fail(),
};

test("max pooling counts windows as PyTorch does, with a last one part outside where Caffe has it", () => {
  const row = (values: number[], options: { stride: number; ceil?: boolean }): number[] =>
    tf.tidy(() => {
      const x = tf.tensor4d(values, [1, 1, values.length, 1]);
      return [...maxPool(options).apply(x, noPass).dataSync()];
    });
  assert.deepEqual(row([5, 1, 2, 9, 3], { stride: 2 }), [5, 9, 9]);
  assert.deepEqual(row([5, 1, 2, 9], { stride: 2 }), [5, 9]);
  assert.deepEqual(row([5, 1, 2, 9], { stride: 2, ceil: true }), [5, 9, 9]);
  assert.deepEqual(row([5, 1, 2, 9], { stride: 1, ceil: true }), [5, 5, 9, 9]);
});

test("values dropped: as many as asked for, the rest scaled, the same for the same seed", () => {
  tf.tidy(() => {
    const layer = valueDropoutLayer("fc6_1", 0.25);
    const x = tf.ones([2, 20, 20, 10]) as tf.Tensor4D;
    const apply = (dropoutSeeds?: number[]): Float32Array =>
      layer.apply(x, { ...noPass, dropoutSeeds }).dataSync() as Float32Array;
    const once = apply([1, 2]);
    assert.deepEqual(apply([1, 2]), once);
    assert.deepEqual(apply([7, 2]).subarray(4000), once.subarray(4000), "each image draws for itself");
    assert.ok(once.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
    const dropped = once.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0) / once.length;
    assert.ok(Math.abs(dropped - 0.25) < 0.02);
    assert.equal(layer.apply(x, noPass), x);
  });
});

test("the loss: the mean over labelled pixels, or over background and foreground half each", () => {
  const label = Uint8Array.from([0, 0, 0, 1, 2, 255]);
  const counts = countLabels(label, 3);
  assert.deepEqual(counts, { background: 3, foreground: 2 });
  assert.deepEqual(pixelWeights(counts, false), { background: 1 / 5, foreground: 1 / 5 });
  assert.deepEqual(pixelWeights(counts, true), { background: 1 / 6, foreground: 1 / 4 });
  tf.tidy(() => {
    const logits = normalTensor([1, 2, 3, 3], 3) as tf.Tensor4D;
    const values = logits.dataSync<"float32">();
    const entropy = [...label].slice(0, 5).map((wanted, i) => {
      const row = values.subarray(3 * i, 3 * i + 3);
      return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[wanted];
    });
    const wanted = (entropy[0] + entropy[1] + entropy[2]) / 6 + (entropy[3] + entropy[4]) / 4;
    const f = (x: tf.Tensor): tf.Scalar => labelLoss(x as tf.Tensor4D, [label], pixelWeights(counts, true));
    assert.ok(Math.abs(f(logits).dataSync()[0] - wanted) < 1e-5);
    const gradient = tf.grad(f)(logits);
    assertGradient((x) => ({ value: f(x), gradient: tf.grad(f)(x) }), logits);
    assert.ok(
      [...gradient.dataSync()].slice(15).every((value) => value === 0),
      "unknown pixels have no gradient",
    );
  });
});

test("a sample: resized, cut, mirrored; the mean colour and unknown outside; a label for each output", () => {
  const rgb = { width: 2, height: 1, data: Uint8Array.from([255, 0, 0, 0, 0, 255]) };
  const label = { width: 2, height: 1, data: Uint8Array.from([1, 2]) };
  const placement = { across: { from: 0, to: 0, length: 4 }, down: { from: 0, to: 1, length: 2 }, size: 4 };
  const size = { width: 4, height: 2 };
  const options = { labelSides: [4, 2], ignore: 255, input: "imagenet" } as const;
  const { image, labels } = segmentationCrop(rgb, label, size, placement, true, options);
  assert.deepEqual([...labels[0]], [255, 255, 255, 255, 2, 2, 1, 1, 2, 2, 1, 1, 255, 255, 255, 255]);
  assert.deepEqual([...labels[1]], [2, 1, 255, 255]);
  assert.ok(image.subarray(0, 12).every((value) => value === 0));
  assert.ok(image[12] < 0 && image[14] > 0, "blue on the left after mirroring");
  const caffe = segmentationCrop(rgb, label, size, placement, true, { ...options, input: "caffe" }).image;
  assert.ok(caffe.subarray(0, 12).every((value) => value === 0));
  const blue = [255 - 104.008, -116.669, -122.675]; // blue comes first
  for (const [i, value] of blue.entries()) assert.ok(Math.abs(caffe[12 + i] - value) < 1e-4);
});

test("nearest from the pixels' middles", () => {
  const indices = resizeNearestCentre(Uint8Array.from([0, 1, 2, 3, 4]), { height: 1, width: 5, channels: 1 }, [1, 2]);
  assert.deepEqual([...indices], [1, 3]);
});

for (const model of MODELS)
  test(`${model}: outputs are as large as their labels, whatever the crop, and probabilities as the photograph`, async () => {
    const { segmenter } = await openTrainable({ model, weights: "none", width: 1, seed: 1, norm: "batch" }, 3);
    const { network } = segmenter;
    for (const wanted of [32, 45, 65]) {
      const crop = network.fit(wanted);
      const shapes = tf.tidy(() => segmenter.train(tf.zeros([2, crop, crop, 3])).map(({ shape }) => shape));
      const sides = network.labelSides(crop);
      assert.deepEqual(
        shapes,
        sides.map((side) => [2, side, side, 3]),
        `crop ${crop}`,
      );
      assert.equal(sides.length, network.outputs.length);
    }
    const image = { width: 37, height: 21, data: new Uint8Array(37 * 21 * 3).fill(100) };
    const probabilities = classProbabilities(segmenter, image, { scales: [1, 0.5], flip: true });
    assert.equal(probabilities.length, 37 * 21 * 3);
    for (let i = 0; i < probabilities.length; i += 3)
      assert.ok(Math.abs(probabilities[i] + probabilities[i + 1] + probabilities[i + 2] - 1) < 1e-5);
    const state = await segmenter.toStateDict();
    assert.equal(modelOf(state), model);
    assert.deepEqual(shapeOf(renamed(state, model), model, 9), shapeFromScratch(model, 1, 3));
    segmenter.dispose();
  });

test("VGG16 from scratch is calibrated: every convolution answers with mean 0 and variance 1, but those that give logits", async () => {
  const { segmenter } = await openTrainable({ model: "deeplab-v2-vgg16", weights: "none", width: 2, seed: 1 }, 3);
  assert.equal(segmenter.store.hasNorms, false);
  const logits = (await segmenter.toStateDict()).get("fc8_1.weight");
  const images = normalTensor([2, 33, 33, 3], 4, 3) as tf.Tensor4D;
  segmenter.calibrate(images);
  const state = await segmenter.toStateDict();
  tf.tidy(() => {
    const [kernel, bias] = ["weight", "bias"].map((part) => state.get(`features.0.${part}`) as NdArray<Float32Array>);
    const turned = tf.tensor(kernel.data, [...kernel.shape]).transpose<tf.Tensor4D>([2, 3, 1, 0]);
    const { mean, variance } = tf.moments(convolve(images, turned).add(bias.data), [0, 1, 2]);
    for (const value of mean.dataSync()) assert.ok(Math.abs(value) < 1e-4);
    for (const value of variance.dataSync()) assert.ok(Math.abs(value - 1) < 1e-3);
  });
  assert.deepEqual(state.get("fc8_1.weight"), logits);
  segmenter.calibrate(images); // nothing is left to change, in any layer
  for (const [name, { data }] of await segmenter.toStateDict())
    for (const [i, value] of data.entries())
      assert.ok(Math.abs(Number(value) - Number(state.get(name)?.data[i])) < 2e-3, name);
  images.dispose();
  segmenter.dispose();
});

test("batch normalisation of a single value is refused, and says what helps", async () => {
  const config = { weights: "none", width: 1, seed: 1, norm: "batch" } as const;
  for (const [model, name] of [
    ["pspnet-resnet101", /"ppm\.features\.0\.2" had one value/],
    ["tree-fcn-resnet101", /"global_context\.1\.bn" had one value/],
  ] as const) {
    const { segmenter } = await openTrainable({ ...config, model }, 3);
    const side = segmenter.network.fit(33);
    const image = tf.zeros<tf.Rank.R4>([1, side, side, 3]);
    assert.throws(() => segmenter.train(image), name);
    assert.throws(() => segmenter.train(image), /needs at least 2 images a step.*--norm frozen/);
    tf.dispose([...segmenter.train(image, { counts: false })]); // a process without an image takes part with a blank one
    image.dispose();
    segmenter.dispose();
  }
});

test("a whole DeepLab v2 under the names of deeplab-pytorch: sees Caffe's colours, and is written under those names", async () => {
  const model = "deeplab-v2-resnet101";
  const { segmenter } = await openTrainable({ model, weights: "none", width: 1, seed: 1 }, 3);
  const theirs = (name: string): string => {
    if (name.startsWith("aspp.")) return `base.${name}`;
    const part = (layer: string): string =>
      ({ conv1: "reduce.conv", bn1: "reduce.bn", conv2: "conv3x3.conv", bn2: "conv3x3.bn" })[layer] ??
      { conv3: "increase.conv", bn3: "increase.bn" }[layer] ??
      (layer === "downsample.0" ? "shortcut.conv" : "shortcut.bn");
    const block = /^layer(\d)\.(\d+)\.(.+)\.(\w+)$/.exec(name);
    if (block === null) return `base.layer1.conv1.${name.startsWith("conv") ? "conv" : "bn"}.${name.split(".")[1]}`;
    return `base.layer${Number(block[1]) + 1}.block${Number(block[2]) + 1}.${part(block[3])}.${block[4]}`;
  };
  const state = await segmenter.toStateDict();
  const published = new Map([...state].map(([name, value]) => [theirs(name), value]));
  assert.ok(published.has("base.layer4.block23.increase.bn.running_var"));
  assert.equal(modelOf(published), model);
  assert.deepEqual(renamed(published, model).names(), [...state.keys()]);
  const shape = shapeOf(renamed(published, model), model, 3);
  assert.equal(shape.input, "caffe");
  const fromCaffe = await Segmenter.load(renamed(published, model), shape);
  assert.deepEqual([...(await fromCaffe.toStateDict()).keys()], [...published.keys()]);
  const [height, width] = [17, 20];
  const rgb = Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 37) % 256);
  const got = classProbabilities(fromCaffe, { height, width, data: rgb });
  const wanted = tf.tidy(() => {
    const seen = tf
      .tensor4d([...rgb], [1, height, width, 3])
      .reverse(3)
      .sub<tf.Tensor4D>([104.008, 116.669, 122.675]);
    return resizeBilinear(segmenter.infer(seen), [height, width]).softmax().dataSync();
  });
  assert.ok(new Set(wanted).size > 10);
  for (const [i, value] of wanted.entries()) assert.ok(Math.abs(value - got[i]) < 1e-5);
  fromCaffe.dispose();
  segmenter.dispose();
});
