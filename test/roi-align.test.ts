import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { levelsOf, roiAlign } from "../src/mask-rcnn/roi-align";
import { Random } from "../src/random";
import { formulaTensor } from "../src/weights/formula";
import { recorded, SEED } from "./mask-rcnn-golden";
import { toNchw, toNhwc } from "./nchw";

before(() => useBackend());

/** torchvision's kernel as it is written: sample after sample. One map at a quarter of the image's size. */
function naive(
  map: Float32Array,
  [height, width, channels]: readonly number[],
  box: ArrayLike<number>,
  side: number,
  ratio: number,
  aligned: boolean,
): number[] {
  const offset = aligned ? 0.5 : 0;
  const [x1, y1, x2, y2] = Array.from(box, (edge) => edge / 4 - offset);
  const w = aligned ? x2 - x1 : Math.max(1, x2 - x1);
  const h = aligned ? y2 - y1 : Math.max(1, y2 - y1);
  const across = ratio > 0 ? ratio : Math.ceil(w / side);
  const down = ratio > 0 ? ratio : Math.ceil(h / side);
  const out: number[] = [];
  const at = (y: number, x: number, c: number): number => {
    if (y < -1 || y > height || x < -1 || x > width) return 0;
    const [top, left] = [Math.max(0, y), Math.max(0, x)];
    const [y0, x0] = [Math.min(height - 1, Math.floor(top)), Math.min(width - 1, Math.floor(left))];
    const [y1, x1] = [Math.min(height - 1, y0 + 1), Math.min(width - 1, x0 + 1)];
    const [v, u] = [y0 === y1 ? 0 : top - y0, x0 === x1 ? 0 : left - x0];
    const cell = (row: number, column: number): number => map[(row * width + column) * channels + c];
    return (1 - v) * ((1 - u) * cell(y0, x0) + u * cell(y0, x1)) + v * ((1 - u) * cell(y1, x0) + u * cell(y1, x1));
  };
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let a = 0; a < down; a++)
          for (let b = 0; b < across; b++)
            sum += at(y1 + (h / side) * (i + (a + 0.5) / down), x1 + (w / side) * (j + (b + 0.5) / across), c);
        out.push(sum / Math.max(1, across * down));
      }
  return out;
}

test("ROIAlign equals torchvision's at awkward boxes, values and gradients, aligned or not, any sampling", async () => {
  const golden = await recorded("operations");
  const boxes = golden.get("boxes")?.data as Float32Array;
  tf.tidy(() => {
    const map = tf.tensor4d(formulaTensor("map", [1, 3, 9, 11], SEED, -1, 1), [1, 3, 9, 11]).transpose([0, 2, 3, 1]);
    for (const aligned of [false, true])
      for (const samplingRatio of [0, 2])
        for (const side of [3, 7]) {
          const key = `${aligned ? "aligned" : "shifted"}/${samplingRatio}/${side}`;
          const align = (x: tf.Tensor): tf.Tensor =>
            roiAlign([x as tf.Tensor4D], boxes, { aligned, samplingRatio, side });
          const values = toNchw(align(map)).data;
          const shape = [boxes.length / 4, 3, side, side];
          const upstream = toNhwc({ shape, data: formulaTensor(`upstream${side}`, shape, SEED, -1, 1) });
          const gradient = toNchw(tf.grad(align)(map, upstream)).data;
          for (const [got, name] of [
            [values, "values"],
            [gradient, "gradient"],
          ] as const) {
            const wanted = golden.get(`${key}/${name}`)?.data as Float32Array;
            assert.equal(got.length, wanted.length);
            for (const [i, value] of wanted.entries())
              assert.ok(
                Math.abs(got[i] - value) < 2e-5 * Math.max(1, Math.abs(value)),
                `${key} ${name} ${i}: ${got[i]}, not ${value}`,
              );
          }
        }
  });
});

test("ROIAlign equals sampling one by one, at boxes drawn at random; its gradient is the adjoint", () => {
  const random = new Random(4);
  const boxes = Float32Array.from({ length: 40 * 4 }, (_, i) => random.uniform(-30, 70) + (i % 4 > 1 ? 15 : 0));
  tf.tidy(() => {
    const shape: [number, number, number, number] = [1, 8, 13, 2];
    const map = tf.tensor4d(
      Float32Array.from({ length: 208 }, () => random.normal()),
      shape,
    );
    const values = map.dataSync() as Float32Array;
    for (const aligned of [false, true])
      for (const samplingRatio of [0, 1, 3]) {
        const align = (x: tf.Tensor): tf.Tensor =>
          roiAlign([x as tf.Tensor4D], boxes, { aligned, samplingRatio, side: 4 });
        const y = align(map);
        const got = y.dataSync();
        for (let box = 0; box < 40; box++) {
          const wanted = naive(values, [8, 13, 2], boxes.subarray(4 * box, 4 * box + 4), 4, samplingRatio, aligned);
          for (const [i, value] of wanted.entries()) assert.ok(Math.abs(got[box * wanted.length + i] - value) < 1e-4);
        }
        const upstream = tf.tensor(
          Float32Array.from({ length: y.size }, () => random.normal()),
          y.shape,
        );
        const gradient = tf.grad(align)(map, upstream);
        const [left, right] = [y.mul(upstream), map.mul(gradient)].map((product) => product.sum().dataSync()[0]);
        assert.ok(Math.abs(left - right) < 1e-2, `<A x, u> = ${left}, <x, Aᵀ u> = ${right}`);
      }
  });
});

test("larger boxes are read from coarser maps, at the sizes of both libraries", () => {
  const sides = [10, 111, 112, 113, 223, 224, 225, 447, 448, 449, 2000, 0];
  const boxes = Float32Array.from(sides.flatMap((side) => [5, 5, 5 + side, 5 + side]));
  for (const aligned of [false, true])
    assert.deepEqual([...levelsOf(boxes, 4, { aligned })], [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0]);
});
