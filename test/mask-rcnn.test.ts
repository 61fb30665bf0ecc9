import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { VARIANTS } from "../src/config/mask-rcnn-options";
import { decodeMask, maskArea } from "../src/instances/rle";
import { anchorsOf } from "../src/mask-rcnn/anchors";
import { boxArea, boxIou } from "../src/mask-rcnn/boxes";
import { detectInstances } from "../src/mask-rcnn/detect";
import type { InstanceSegmenter } from "../src/mask-rcnn/instance-segmenter";
import { BOX_SIDE, POOLED_MAPS } from "../src/mask-rcnn/network";
import { proposalsOf } from "../src/mask-rcnn/proposals";
import { roiAlign } from "../src/mask-rcnn/roi-align";
import { detectInTiles } from "../src/mask-rcnn/tiles";
import { singleProcess } from "../src/parallel/communicator";
import { type MaskRcnnInput, maskRcnnTask } from "../src/training/mask-rcnn/mask-rcnn-task";
import { PolySgd } from "../src/training/poly-sgd";
import { sumCounts, trainStep } from "../src/training/step";
import { formulaTensor } from "../src/weights/formula";
import { formulaImage, narrowNetwork, type Recorded, recorded, SEED } from "./mask-rcnn-golden";
import { toNhwc, toOihw } from "./nchw";

const [HEIGHT, WIDTH] = [96, 128];
const EXTENT = { height: HEIGHT, width: WIDTH };
const EVERYTHING = { count: 100_000, positiveShare: 0.5 };

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "tensors leak"));

for (const variant of VARIANTS) {
  test(`${variant}: the pyramid, anchors, proposals, pooled boxes and what the heads say of them`, async () => {
    const golden = await recorded(variant);
    const segmenter = await narrowNetwork(variant);
    const { network, store } = segmenter;
    const pass = store.pass();
    tf.tidy(() => {
      const image = tf.tensor4d(formulaImage("image0", HEIGHT, WIDTH), [1, HEIGHT, WIDTH, 3]);
      const maps = network.pyramid(network.first(image, pass), pass);
      for (const [level, map] of maps.entries()) close(map, nhwc(golden, `fpn${level}`), `map ${level}`);
      const { objectness, deltas, grids } = network.propose(maps, pass);
      close(objectness, valuesOf(golden, "objectness"), "objectness");
      assert.deepEqual([...anchorsOf(grids, segmenter.variant)].map(Math.fround), [...valuesOf(golden, "anchors")]);
      const found = proposalsOf(
        objectness.dataSync() as Float32Array,
        deltas.dataSync() as Float32Array,
        grids,
        EXTENT,
        { perMap: 100, afterwards: 80 },
        segmenter.variant,
      );
      const proposals = valuesOf(golden, "proposals");
      closeArrays(found, proposals, "proposals", 1e-3);
      const pooled = roiAlign(maps.slice(0, POOLED_MAPS), proposals, { ...segmenter.variant, side: BOX_SIDE });
      close(pooled.slice([0, 0, 0, 0], [6, -1, -1, -1]), nhwc(golden, "pooled"), "pooled");
      const outputs = network.classify(pooled, pass);
      close(outputs.logits, valuesOf(golden, "class_logits"), "class logits");
      close(outputs.deltas, valuesOf(golden, "box_regression"), "box shifts");
    });
    segmenter.dispose();
  });

  test(`${variant}: five losses, the gradient of every parameter, and three steps of training`, async () => {
    const golden = await recorded(variant);
    const segmenter = await narrowNetwork(variant, true);
    const task = maskRcnnTask(segmenter, {
      anchors: EVERYTHING,
      regions: EVERYTHING,
      proposals: { perMap: 200, afterwards: 120 },
      anchorsDividedBy: 256,
    });
    const options = { learningRate: 0.002, weightDecay: 1e-4, momentum: 0.9, power: 0, steps: 3 };
    const optimizer = new PolySgd(task.variables, options);
    const history: number[] = [];
    for (let step = 0; step < 3; step++) {
      const samples = samplesOf(golden);
      const { counts } = sumCounts(task.count(samples), samples.length, false, singleProcess);
      if (step === 0) {
        const { gradients } = task.compute(samples, counts);
        for (const [i, { name }] of task.variables.entries())
          closeArrays(pytorch(gradients[i], golden, `grad/${name}`), valuesOf(golden, `grad/${name}`), name, 2e-3);
        tf.dispose([...gradients]);
      }
      history.push(...trainStep(task, optimizer, samples, counts, singleProcess, 1).slice(1));
    }
    closeArrays(Float32Array.from(history), valuesOf(golden, "losses"), "losses", 1e-3);
    for (const { name, variable } of task.variables)
      closeArrays(pytorch(variable, golden, `after/${name}`), valuesOf(golden, `after/${name}`), name, 1e-3);
    const recordedNames = [...golden.keys()].filter((name) => name.startsWith("grad/"));
    assert.equal(task.variables.length, recordedNames.length);
    optimizer.dispose();
    segmenter.dispose();
  });
}

test("what counting has computed is not computed again; losses and gradients are the same to the last bit", async () => {
  const golden = await recorded("torchvision");
  const segmenter = await narrowNetwork("torchvision", true);
  const shareOf = (held: number): { values: number[]; calls: number } => {
    let calls = 0;
    const { network } = segmenter;
    const propose: typeof network.propose = (maps, pass) => {
      calls++;
      return network.propose(maps, pass);
    };
    const counting = Object.create(segmenter, { network: { value: { ...network, propose } } }) as InstanceSegmenter;
    const task = maskRcnnTask(counting, { proposals: { perMap: 200, afterwards: 120 }, held });
    const samples = samplesOf(golden);
    const known = tf.memory().numTensors;
    task.count(samples);
    task.forget?.(samples);
    assert.equal(tf.memory().numTensors, known);
    const again = samplesOf(golden);
    const { losses, gradients } = task.compute(again, task.count(again));
    const values = [...losses, ...gradients.flatMap((gradient) => [...gradient.dataSync()])];
    tf.dispose([...gradients]);
    assert.equal(tf.memory().numTensors, known);
    return { values, calls: calls - samples.length };
  };
  const [none, one, all] = [0, 1, 2].map(shareOf);
  assert.deepEqual([none.calls, one.calls, all.calls], [4, 3, 2]);
  assert.deepEqual(one.values, none.values);
  assert.deepEqual(all.values, none.values);
  segmenter.dispose();
});

for (const variant of VARIANTS)
  test(`${variant}: final detections, boxes, scores, classes and masks to the pixel`, async () => {
    const golden = await recorded(variant);
    const segmenter = await narrowNetwork(variant);
    const options = {
      sides: { short: HEIGHT, long: 2 * WIDTH },
      proposals: { perMap: 100, afterwards: 80 },
      most: 20,
    };
    const compare = (prefix: string, image: string, height: number, width: number): void => {
      const values = formulaTensor(image, [3, height, width], SEED, 0, 1);
      const data = Float32Array.from(values, (_, i) => 255 * values[(i % 3) * height * width + Math.floor(i / 3)]);
      const found = detectInstances(segmenter, { height, width, data: data as never }, options);
      assert.deepEqual(
        found.map((each) => each.class),
        [...valuesOf(golden, `${prefix}/labels`)],
      );
      closeArrays(
        found.map(({ score }) => score),
        valuesOf(golden, `${prefix}/scores`),
        "scores",
        1e-3,
      );
      const edges = found.flatMap(({ box: [x, y, w, h] }) => [x, y, x + w, y + h]);
      closeArrays(edges, valuesOf(golden, `${prefix}/boxes`), "boxes", 1e-3);
      const areas = valuesOf(golden, `${prefix}/areas`);
      for (const [i, { mask }] of found.entries())
        assert.ok(Math.abs(maskArea(mask) - areas[i]) <= 2 + areas[i] / 200, `area ${maskArea(mask)}, not ${areas[i]}`);
      const bits = golden.get(`${prefix}/masks`)?.data as Uint8Array;
      const bytes = Math.ceil(width / 8);
      let wrong = 0;
      for (const [i, { mask }] of found.slice(0, 4).entries())
        for (const [pixel, value] of decodeMask(mask).entries()) {
          const [y, x] = [Math.floor(pixel / width), pixel % width];
          const bit = (bits[(i * height + y) * bytes + (x >> 3)] >> (7 - (x & 7))) & 1;
          if (bit !== value) wrong++;
        }
      assert.ok(wrong <= 8, `${wrong} pixels of four masks differ`);
    };
    compare("same", "image0", HEIGHT, WIDTH);
    if (variant === "torchvision") compare("resized", "image2", 75, 110);
    segmenter.dispose();
  });

test("in tiles: a small photograph as without them, of a large one each object once and whole", async () => {
  const segmenter = await narrowNetwork("torchvision");
  const photograph = (name: string, height: number, width: number) => {
    const values = formulaTensor(name, [height, width, 3], SEED, 0, 256);
    return { height, width, data: Uint8Array.from(values) };
  };
  const options = { sides: { short: 64, long: 128 }, proposals: { perMap: 60, afterwards: 40 }, most: 30, tile: 80 };
  const small = photograph("small", 60, 75);
  assert.deepEqual(detectInTiles(segmenter, small, options), detectInstances(segmenter, small, options));
  const large = photograph("large", 100, 150);
  const found = detectInTiles(segmenter, large, options);
  const whole = detectInstances(segmenter, large, options);
  assert.ok(found.length > 0 && found.length <= 30);
  assert.ok(
    found.some((each) => !whole.some((other) => other.score === each.score)),
    "some come from tiles",
  );
  for (const [
    i,
    {
      box: [x, y, w, h],
      mask,
      score,
    },
  ] of found.entries()) {
    assert.ok(x >= 0 && y >= 0 && x + w <= 150.01 && y + h <= 100.01);
    assert.deepEqual([mask.width, mask.height], [150, 100]);
    assert.ok(i === 0 || score <= found[i - 1].score);
    for (const other of found.slice(0, i))
      if (other.class === found[i].class) assert.ok(overlapOf(found[i].box, other.box) <= 0.5 + 1e-6);
  }
  segmenter.dispose();
});

function overlapOf(a: readonly number[], b: readonly number[]): number {
  const corners = (box: readonly number[]): Float32Array =>
    Float32Array.of(box[0], box[1], box[0] + box[2], box[1] + box[3]);
  const [one, two] = [corners(a), corners(b)];
  return boxIou(one, 0, boxArea(one, 0), two, 0, boxArea(two, 0));
}

/** The two images of the script with their objects. */
function samplesOf(golden: Recorded): MaskRcnnInput[] {
  return [0, 1].map((i) => {
    const boxes = valuesOf(golden, `target${i}/boxes`);
    const whole = golden.get(`target${i}/masks`)?.data as Uint8Array;
    const area = HEIGHT * WIDTH;
    return {
      seed: i,
      image: formulaImage(`image${i}`, HEIGHT, WIDTH),
      padded: EXTENT,
      extent: EXTENT,
      objects: { boxes, classes: Uint8Array.from(golden.get(`target${i}/labels`)?.data ?? [], Number) },
      masks: Array.from({ length: boxes.length / 4 }, (_, object) => ({
        ...EXTENT,
        top: 0,
        left: 0,
        data: Uint8Array.from(whole.subarray(object * area, (object + 1) * area), Number),
      })),
    };
  });
}

function valuesOf(golden: Recorded, name: string): Float32Array {
  const data = golden.get(name)?.data;
  assert.ok(data !== undefined, `"${name}" was recorded`);
  return Float32Array.from(data, Number);
}

function nhwc(golden: Recorded, name: string): Float32Array {
  const tensor = toNhwc(golden.get(name) as never);
  const values = tensor.dataSync() as Float32Array;
  tensor.dispose();
  return values;
}

function pytorch(value: tf.Tensor, golden: Recorded, name: string): Float32Array {
  if (value.rank !== 4) return value.dataSync() as Float32Array;
  assert.ok(golden.has(name), `"${name}" was recorded`);
  return toOihw(value as tf.Tensor4D).data as Float32Array;
}

function close(got: tf.Tensor, wanted: Float32Array, what: string): void {
  closeArrays(got.dataSync() as Float32Array, wanted, what, 2e-4);
}

/** Within a share of the largest value. */
function closeArrays(got: ArrayLike<number>, wanted: Float32Array, what: string, tolerance: number): void {
  assert.equal(got.length, wanted.length, `${what}: number of values`);
  let [scale, error] = [1e-6, 0];
  for (let i = 0; i < wanted.length; i++) {
    scale = Math.max(scale, Math.abs(wanted[i]));
    error = Math.max(error, Math.abs(got[i] - wanted[i]));
  }
  assert.ok(error <= tolerance * scale, `${what}: off by ${error}, values up to ${scale}`);
}
