import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { InstanceSegmenter } from "../src/mask-rcnn/instance-segmenter";
import { maskRcnn } from "../src/mask-rcnn/network";
import { openInstanceSegmenter, openTrainableInstances } from "../src/mask-rcnn/open-instance-segmenter";
import { ourName } from "../src/mask-rcnn/weight-names";
import { maskRcnnSource, shapeOfSource } from "../src/mask-rcnn/weight-source";
import type { NdArray } from "../src/nd-array";
import { parameterSource } from "../src/network/parameter-source";
import { openWeights } from "../src/weights/checkpoint";
import { writeSafetensors } from "../src/weights/safetensors";
import { formulaState, SHAPE } from "./mask-rcnn-golden";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-mask-weights-"));
let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

async function allOf(weights: ReadonlyMap<string, NdArray>): Promise<Map<string, NdArray>> {
  const { source } = await maskRcnnSource(parameterSource(weights));
  const read = new Map<string, NdArray>();
  for (const name of source.names()) read.set(name, await source.read(name));
  return read;
}

test("a network of Detectron2's choices is written under its names, background last, and read again unchanged", async () => {
  const state = formulaState(SHAPE);
  for (const name of ["weight", "bias"]) {
    const zeros = state.get(`roi_heads.box_predictor.bbox_pred.${name}`)?.data as Float32Array;
    zeros.fill(0, 0, (4 * zeros.length) / 16); // the background has no box
    const mask = state.get(`roi_heads.mask_predictor.mask_fcn_logits.${name}`)?.data as Float32Array;
    mask.fill(0, 0, mask.length / 4); // and no mask
  }
  const segmenter = await InstanceSegmenter.load(state, SHAPE, { variant: "detectron2", input: "detectron2" });
  const file = await segmenter.toStateDict();
  segmenter.dispose();
  for (const name of [
    "backbone.bottom_up.stem.conv1.norm.running_var",
    "backbone.bottom_up.res3.0.shortcut.norm.weight",
    "backbone.bottom_up.res5.2.conv3.weight",
    "backbone.fpn_lateral2.bias",
    "backbone.fpn_output5.weight",
    "proposal_generator.rpn_head.anchor_deltas.weight",
    "roi_heads.mask_head.mask_fcn4.weight",
    "roi_heads.mask_head.deconv.weight",
  ])
    assert.ok(file.has(name), name);
  const scores = file.get("roi_heads.box_predictor.cls_score.bias")?.data;
  const ours = state.get("roi_heads.box_predictor.cls_score.bias")?.data as Float32Array;
  assert.deepEqual([...(scores ?? [])], [ours[1], ours[2], ours[3], ours[0]]);
  assert.deepEqual(file.get("roi_heads.box_predictor.bbox_pred.bias")?.shape, [12]);
  assert.deepEqual(file.get("roi_heads.mask_head.predictor.weight")?.shape, [3, 8, 1, 1]);
  assert.deepEqual([...(file.get("pixel_std")?.data ?? [])], [1, 1, 1]);

  const found = await maskRcnnSource(parameterSource(file));
  assert.deepEqual(
    [found.isWhole, found.variant, found.input, found.strideAt],
    [true, "detectron2", "detectron2", "1x1"],
  );
  assert.deepEqual(shapeOfSource(found, 9), { ...SHAPE, strideAt: "1x1" });
  const again = await allOf(file);
  for (const [name, { shape, data }] of state) {
    assert.deepEqual(again.get(name)?.shape, shape, name);
    assert.deepEqual(again.get(name)?.data, data, name);
  }
});

test("a network in torchvision's colours says so under Detectron2's names, and keeps its stride", async () => {
  const segmenter = await InstanceSegmenter.load(formulaState(SHAPE), SHAPE, { variant: "detectron2" });
  const file = await segmenter.toStateDict();
  segmenter.dispose();
  const found = await maskRcnnSource(parameterSource(file));
  assert.deepEqual([found.variant, found.input, found.strideAt], ["detectron2", "imagenet", "3x3"]);
});

test("Detectron's names from Caffe2, and torchvision's from before 0.13", () => {
  for (const [theirs, ours] of [
    ["conv1_w", "backbone.body.conv1.weight"],
    ["res_conv1_bn_s", "backbone.body.bn1.weight"],
    ["res2_0_branch1_w", "backbone.body.layer1.0.downsample.0.weight"],
    ["res2_0_branch1_bn_b", "backbone.body.layer1.0.downsample.1.bias"],
    ["res4_22_branch2a_w", "backbone.body.layer3.22.conv1.weight"],
    ["res5_1_branch2c_bn_s", "backbone.body.layer4.1.bn3.weight"],
    ["fpn_inner_res5_2_sum_w", "backbone.fpn.inner_blocks.3.0.weight"],
    ["fpn_inner_res2_2_sum_lateral_b", "backbone.fpn.inner_blocks.0.0.bias"],
    ["fpn_res3_3_sum_w", "backbone.fpn.layer_blocks.1.0.weight"],
    ["conv_rpn_fpn2_b", "rpn.head.conv.0.0.bias"],
    ["rpn_bbox_pred_fpn2_w", "rpn.head.bbox_pred.weight"],
    ["fc6_w", "roi_heads.box_head.fc6.weight"],
    ["cls_score_b", "roi_heads.box_predictor.cls_score.bias"],
    ["_[mask]_fcn3_w", "roi_heads.mask_head.2.0.weight"],
    ["conv5_mask_w", "roi_heads.mask_predictor.conv5_mask.weight"],
    ["mask_fcn_logits_b", "roi_heads.mask_predictor.mask_fcn_logits.bias"],
  ])
    assert.equal(ourName(theirs, "caffe2"), ours);
  for (const [theirs, ours] of [
    ["backbone.fpn.inner_blocks.2.weight", "backbone.fpn.inner_blocks.2.0.weight"],
    ["rpn.head.conv.bias", "rpn.head.conv.0.0.bias"],
    ["roi_heads.mask_head.mask_fcn1.weight", "roi_heads.mask_head.0.0.weight"],
    ["layer3.5.bn2.running_mean", "backbone.body.layer3.5.bn2.running_mean"],
    ["rpn.head.conv.0.0.weight", "rpn.head.conv.0.0.weight"],
  ])
    assert.equal(ourName(theirs, "torchvision"), ours);
});

test("normalisations that Caffe folded have mean 0 and variance 1; torchvision's older ones have no ε", async () => {
  const folded = new Map<string, NdArray>([
    ["conv1_w", { shape: [2, 3, 7, 7], data: new Float32Array(294) }],
    ["res2_0_branch2a_w", { shape: [2, 2, 1, 1], data: new Float32Array(4) }],
    ["res2_0_branch2a_bn_s", { shape: [2], data: Float32Array.of(3, 4) }],
    ["res2_0_branch2a_bn_b", { shape: [2], data: Float32Array.of(5, 6) }],
  ]);
  const read = await allOf(folded);
  assert.deepEqual([...(read.get("backbone.body.layer1.0.bn1.running_mean")?.data ?? [])], [0, 0]);
  const [variance] = read.get("backbone.body.layer1.0.bn1.running_var")?.data ?? [];
  assert.equal(Math.fround(Number(variance) + 1e-5), 1);
  const old = new Map<string, NdArray>([
    ["rpn.head.conv.weight", { shape: [1, 1, 3, 3], data: new Float32Array(9) }],
    ["backbone.body.bn1.running_var", { shape: [1], data: Float32Array.of(0.5) }],
  ]);
  const [own] = (await allOf(old)).get("backbone.body.bn1.running_var")?.data ?? [];
  assert.ok(Math.abs(Number(own) + 1e-5 - 0.5) < 1e-7 && own !== 0.5);
});

test("Detectron's pickles are read as data: of either protocol, with momenta left out", async () => {
  for (const protocol of [2, 4]) {
    const file = await openWeights(path.join(__dirname, "fixtures", "weights", `detectron2-protocol${protocol}.pkl`));
    assert.equal(file.format, "pkl");
    assert.deepEqual(file.names(), ["backbone.bottom_up.stem.conv1.weight", "roi_heads.box_predictor.cls_score.bias"]);
    const { shape, data } = await file.read("backbone.bottom_up.stem.conv1.weight");
    assert.deepEqual([shape, data[5]], [[2, 3, 7, 7], 5]);
    await file.close();
  }
  const blobs = await openWeights(path.join(__dirname, "fixtures", "weights", "detectron-blobs.pkl"));
  assert.deepEqual(blobs.names(), ["conv1_w", "res2_0_branch2a_w"]);
  await blobs.close();
  for (const [name, content] of [
    ["runs-code.pkl", "\x80\x02cos\nsystem\nq\x00X\x02\x00\x00\x00lsq\x01\x85q\x02Rq\x03."],
    ["no-arrays.pkl", "\x80\x02}."],
    ["cut-off.pkl", "\x80\x02}X"],
  ]) {
    fs.writeFileSync(path.join(work, name), Buffer.from(content, "latin1"));
    await assert.rejects(openWeights(path.join(work, name)), { name: "UserError", code: "weights" }, name);
  }
});

test("a backbone begins a training, of another model it is refused; other classes are drawn; a backbone finds nothing", async () => {
  const state = formulaState(SHAPE);
  const backbone = new Map([...state].flatMap(([name, array]) => (name.startsWith("backbone.body.") ? [[name.slice(14), array] as const] : []))); // biome-ignore format: one list
  const file = path.join(work, "resnet50.safetensors");
  await writeSafetensors(file, backbone);
  const config = { weights: file, variant: "detectron2", seed: 1 } as const;
  const { segmenter, notices } = await openTrainableInstances({ ...config, model: "mask-rcnn-resnet50-fpn" }, 4);
  assert.match(notices.join(), /new layers, initialised: backbone\.fpn/);
  assert.ok(!segmenter.store.variables().some(({ parameter }) => /body\.(conv1|layer1)\./.test(parameter.name)));
  assert.ok(
    segmenter.store.variables().some(({ parameter }) => parameter.name === "backbone.body.layer2.0.conv1.weight"),
  );
  segmenter.dispose();
  await assert.rejects(
    openTrainableInstances({ ...config, model: "mask-rcnn-resnet101-fpn" }, 4),
    /those of mask-rcnn-resnet50-fpn/,
  );
  await assert.rejects(openInstanceSegmenter(file, 4), /a whole Mask R-CNN/);

  const whole = path.join(work, "whole.safetensors");
  await writeSafetensors(whole, state);
  await assert.rejects(openInstanceSegmenter(whole, 9), /a network of 9 classes/);
  const other = await openTrainableInstances({ ...config, weights: whole, model: "mask-rcnn-resnet50-fpn" }, 6);
  assert.match(other.notices.join(), /is a network of torchvision.*of 4 classes, not 6/);
  assert.equal(other.segmenter.variant.name, "torchvision");
  other.segmenter.dispose();
});

test("the full-width networks have torchvision's parameters", () => {
  const count = (blocks: readonly number[]): number =>
    maskRcnn({ base: 64, classes: 91, kind: "bottleneck", blocks, strideAt: "3x3" })
      .parameters.filter(({ kind }) => kind === "kernel" || kind === "bias")
      .reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
  assert.equal(count([3, 4, 6, 3]), 44_401_393); // maskrcnn_resnet50_fpn without its frozen normalisations
});
