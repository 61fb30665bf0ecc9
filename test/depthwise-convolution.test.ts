import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { liteNetwork } from "../src/efficientnet/efficientnet-lite";
import { depthwiseConvolution, separableConvolution } from "../src/network/depthwise-convolution";
import type { Layer } from "../src/network/layer";
import { ParameterStore } from "../src/network/parameter-store";
import { relu6 } from "../src/network/relu6";
import { assertGradient, normalTensor } from "./numeric-gradient";
import { passOf } from "./pass-of";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "tensors leak"));

const layers: readonly (readonly [name: string, layer: Layer, side: number])[] = [
  ["plain", depthwiseConvolution("c", 2, { side: 3 }), 3],
  ["stride 2", depthwiseConvolution("c", 2, { side: 5, stride: 2 }), 5],
  ["dilation 2", depthwiseConvolution("c", 2, { side: 3, dilation: 2 }), 3],
  ["dilation wider than the map", depthwiseConvolution("c", 2, { side: 5, dilation: 6 }), 5],
];

test("each channel sees its own kernel, taps a dilation apart, zeros around the map", () => {
  tf.tidy(() => {
    const [h, w] = [5, 7];
    const x = normalTensor([1, h, w, 2], 1) as tf.Tensor4D;
    const kernel = normalTensor([3, 3, 1, 2], 2) as tf.Tensor4D;
    const [map, factors] = [x, kernel].map((tensor) => tensor.dataSync<"float32">());
    for (const dilation of [1, 2, 3]) {
      const layer = depthwiseConvolution("c", 2, { side: 3, dilation });
      const got = layer.apply(x, passOf(["c"], [kernel])).dataSync<"float32">();
      for (let y = 0, at = 0; y < h; y++)
        for (let column = 0; column < w; column++)
          for (let c = 0; c < 2; c++, at++) {
            let wanted = 0;
            for (let tap = 0; tap < 9; tap++) {
              const [row, place] = [y + dilation * (Math.floor(tap / 3) - 1), column + dilation * ((tap % 3) - 1)];
              if (row >= 0 && row < h && place >= 0 && place < w)
                wanted += map[(row * w + place) * 2 + c] * factors[2 * tap + c];
            }
            assert.ok(Math.abs(got[at] - wanted) < 1e-5, `dilation ${dilation}, cell ${at}`);
          }
    }
  });
});

for (const [name, layer, side] of layers)
  test(`depthwise, ${name}: gradients in map and kernel as by differences`, () => {
    tf.tidy(() => {
      const x = normalTensor([2, 5, 8, 2], 3) as tf.Tensor4D;
      const kernel = normalTensor([side, side, 1, 2], 4) as tf.Tensor4D;
      const loss = (map: tf.Tensor, factors: tf.Tensor): tf.Scalar =>
        layer.apply(map as tf.Tensor4D, passOf(["c"], [factors as tf.Tensor4D])).square().sum(); // biome-ignore format: one loss
      const inMap = (map: tf.Tensor): tf.Scalar => loss(map, kernel);
      const inKernel = (factors: tf.Tensor): tf.Scalar => loss(x, factors);
      assertGradient((map) => ({ value: inMap(map), gradient: tf.grad(inMap)(map) }), x);
      assertGradient((factors) => ({ value: inKernel(factors), gradient: tf.grad(inKernel)(factors) }), kernel);
    });
  });

test("ReLU6: flat below 0 and above 6, of slope 1 between", () => {
  tf.tidy(() => {
    const x = tf.tensor4d([-1, 0.5, 5.9, 7], [1, 1, 4, 1]);
    const factors = tf.tensor4d([1, 2, 3, 4], x.shape);
    const f = (map: tf.Tensor): tf.Scalar =>
      relu6
        .apply(map as tf.Tensor4D, passOf([], []))
        .mul(factors)
        .sum();
    assert.deepEqual([...tf.grad(f)(x).dataSync()], [0, 2, 3, 0]);
    assert.ok(Math.abs(f(x).dataSync()[0] - (1 + 17.7 + 24)) < 1e-4);
  });
});

test("a separable convolution has a kernel a channel, a matrix and a bias", () => {
  const { parameters } = separableConvolution("s", 6, 4, { side: 3, dilation: 2 });
  assert.deepEqual(
    parameters.map(({ name, shape }) => [name, ...shape]),
    [
      ["s.depthwise.weight", 6, 1, 3, 3],
      ["s.pointwise.weight", 4, 6, 1, 1],
      ["s.pointwise.bias", 4],
    ],
  );
});

test("gradients reach every layer of EfficientNet-Lite, and are as by differences", async () => {
  const network = liteNetwork("efficientnet-lite2", 4);
  const store = await ParameterStore.load(new Map(), network.parameters, { trained: "frozen", initialSeed: 2 });
  const image = normalTensor([1, 35, 42, 3], 5) as tf.Tensor4D;
  const variables = store.variables().map(({ variable }) => variable);
  const loss = (stages: number[]): tf.Scalar =>
    tf.tidy(() => tf.addN(network.stageMaps(image, store.pass(), stages).map((map) => map.square().mean())));
  const gradientsOf = (stages: number[]): tf.NamedTensorMap => {
    const { value, grads } = tf.variableGrads(() => loss(stages), variables);
    value.dispose();
    return grads;
  };
  const all = gradientsOf([1, 4, 6]);
  for (const { parameter, variable } of store.variables())
    assert.ok(
      all[variable.name].dataSync().some((value) => value !== 0),
      `${parameter.name} gets no gradient`,
    );
  tf.dispose(all);
  // Each from a map a few layers later: through twenty, a difference meets too many bends of ReLU6.
  for (const [name, stage] of [
    ["_conv_stem.weight", 0],
    ["_blocks.1._depthwise_conv.weight", 1],
    ["_blocks.20._depthwise_conv.weight", 6],
  ] as const) {
    const variable = store.variable(name);
    const kept = variable.clone();
    const gradients = gradientsOf([stage]);
    const at = (value: tf.Tensor): tf.Scalar => {
      variable.assign(value as tf.Tensor4D);
      return loss([stage]);
    };
    assertGradient((value) => ({ value: at(value), gradient: gradients[variable.name] }), kept, {
      epsilon: 2e-4,
      tolerance: 3e-2,
      name,
    });
    tf.dispose([kept, gradients]);
  }
  image.dispose();
  store.dispose();
});
