import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { affinityShapes } from "../src/affinity/affinity-net";
import { LIGHT_MODEL, MODELS, type ModelName } from "../src/config/segmentation-models";
import { resolveConfig, type TrainSegmenterConfig } from "../src/config/train-segmenter";
import { readLabel } from "../src/data/label-png";
import { openSegmenter } from "../src/segmentation/open-segmenter";
import { setUpBackbone } from "../src/setup/backbone";
import { findMpi } from "../src/setup/mpi";
import { backboneRecipe } from "../src/setup/native-recipe";
import { segment } from "../src/steps/segment";
import { trainSegmenter } from "../src/steps/train-segmenter";
import { openWeights } from "../src/weights/checkpoint";
import { formulaParameters } from "../src/weights/formula";
import { writeSafetensors } from "../src/weights/safetensors";
import { writeTinyLabel } from "./tiny-dataset";
import { onOneThread, stopAfter, trainingFolder } from "./training-folder";

const { work, root, session, losses, parameter } = trainingFolder("train-segmenter");
const quick: Partial<TrainSegmenterConfig> = {
  voc12Root: root,
  trainList: "train.txt",
  labelDir: path.join(root, "SegmentationClass"),
  weights: "none",
  width: 2,
  learningRate: 0.01,
  batchSize: 2,
  epochs: 2,
  cropSize: 32,
  numWorkers: 0,
};
const cropOf = (model: ModelName): number => (model === "pspnet-resnet101" ? 33 : 32);

test("a recipe fills in what is not given, after the model", () => {
  const base = { voc12Root: "VOC" };
  const pseudo = resolveConfig({ ...base, model: "pspnet-resnet101" });
  assert.deepEqual(
    [pseudo.learningRate, pseudo.balanced, pseudo.weightDecay, pseudo.cropSize],
    [2.5e-4, true, 1e-4, 473],
  );
  const full = resolveConfig({ ...base, model: "tree-fcn-resnet101", recipe: "full", epochs: 3 });
  assert.deepEqual(
    [full.learningRate, full.balanced, full.batchSize, full.epochs, full.momentum],
    [4e-3, false, 32, 3, 0.9],
  );
  assert.throws(() => resolveConfig({ ...base, scaleRange: [2, 1] }), /--scale-range MIN,MAX/);
});

for (const model of MODELS)
  test(`${model}: trains, and what it writes segments images`, async () => {
    const config = { ...quick, model, cropSize: cropOf(model), sessionName: session(model) };
    const summary = await trainSegmenter.run(config);
    assert.deepEqual([summary.steps, summary.failed.length], [4, 0]);
    assert.ok(Object.values(summary.losses).every(Number.isFinite));
    for (const extension of ["safetensors", "pth"]) {
      const segmenter = await openSegmenter(`${session(model)}.${extension}`, 3);
      assert.deepEqual([segmenter.shape.model, segmenter.shape.base, segmenter.store.unused.length], [model, 2, 0]);
      segmenter.dispose();
    }
    const savePath = session(`${model}-labels`);
    const options = { voc12Root: root, inferList: "train.txt", savePath, scales: [1, 0.5], crfIterations: 1 };
    const segmented = await segment.run({ ...options, weights: `${session(model)}.safetensors` });
    assert.deepEqual([segmented.done, segmented.failed.length, segmented.model], [5, 0, model]);
    const label = await readLabel(path.join(savePath, "img0.png"));
    assert.deepEqual([label.width, label.height], [44, 36]);
    assert.ok(label.data.every((value) => value < 3));
    const again = await segment.run({ ...options, weights: `${session(model)}.safetensors` });
    assert.deepEqual([again.done, again.skipped], [0, 5]);
  });

test("stopped and started again, on threads or not: the same losses and running statistics", async () => {
  const config = { ...quick, model: "pspnet-resnet101" as const, cropSize: 33 };
  const stopped = await trainSegmenter.run({ ...config, numWorkers: 2, sessionName: session("b") }, stopAfter(3));
  assert.deepEqual([stopped.steps, stopped.interrupted], [3, true]);
  const resumed = await trainSegmenter.run({ ...config, sessionName: session("b") });
  assert.deepEqual([resumed.resumedFrom, resumed.steps], [3, 4]);
  assert.deepEqual(losses("b"), losses("pspnet-resnet101"));
  for (const key of ["layer3.5.bn2.running_var", "cls.4.weight"])
    assert.deepEqual(await parameter("b", key), await parameter("pspnet-resnet101", key));
});

test("DeepLab's images are computed one by one or together with the same result, once its norms are frozen", async () => {
  const weights = `${session("deeplab-v2-resnet101")}.safetensors`;
  const config = {
    ...quick,
    width: undefined,
    weights,
    model: "deeplab-v2-resnet101" as const,
    epochs: 1,
    learningRate: 1e-5,
  };
  await trainSegmenter.run({ ...config, microBatch: 1, sessionName: session("one") });
  await trainSegmenter.run({ ...config, microBatch: 2, sessionName: session("two") });
  const [one, two] = [losses("one"), losses("two")].map((rows) => Number(rows[2][3]));
  assert.ok(Math.abs(one - two) < 1e-4 * one);
  const kept = await parameter("one", "layer3.5.bn2.running_var");
  assert.deepEqual(kept, await parameter("deeplab-v2-resnet101", "layer3.5.bn2.running_var"));
});

test("a backbone's weights under torchvision's names, and a network of other classes, serve as a beginning", async () => {
  const trained = await openWeights(`${session("pspnet-resnet101")}.safetensors`);
  const backbone = new Map();
  const stem: Record<string, string> = { 0: "conv1", 1: "bn1", 3: "conv2", 4: "bn2", 6: "conv3", 7: "bn3" };
  for (const name of trained.names().filter((each) => each.startsWith("layer"))) {
    const renamed = name.replace(/^layer0\.(\d)/, (_, place) => stem[place]);
    backbone.set(renamed, await trained.read(name));
  }
  await trained.close();
  const file = session("resnet101.safetensors");
  await writeSafetensors(file, backbone);
  const treeFilters = session("resnet101-v1c.safetensors"); // TreeFilter-Torch's names of the same
  const places: Record<string, string> = {
    ...{ conv1: "conv1.0", bn1: "conv1.1", conv2: "conv1.3", bn2: "conv1.4", conv3: "conv1.6", bn3: "bn1" },
  };
  const nameThere = (name: string): string => name.replace(/^(conv|bn)\d/, (layer) => places[layer]);
  await writeSafetensors(treeFilters, new Map([...backbone].map(([name, value]) => [nameThere(name), value])));
  for (const [model, weights, first] of [
    ["pspnet-resnet101", file, "ppm.features.0.1"],
    ["pspnet-resnet101", treeFilters, "ppm.features.0.1"],
    ["tree-fcn-resnet101", file, "global_context.1.conv"],
    ["tree-fcn-resnet101", treeFilters, "global_context.1.conv"],
  ] as const) {
    const config = { ...quick, width: undefined, model, cropSize: cropOf(model), epochs: 1, weights };
    const summary = await trainSegmenter.run({ ...config, resume: false, sessionName: session("from-backbone") });
    const wanted = `new layers, initialised: ${first}, `;
    assert.ok(summary.notices.some((notice) => notice.startsWith(wanted)));
    assert.ok(!summary.notices.some((notice) => notice.includes("holds more than the network")));
  }
  const other = path.join(work, "other");
  fs.cpSync(root, other, { recursive: true });
  const classes = ["background", "brick", "leaf", "tin"];
  fs.writeFileSync(path.join(other, "dataset.json"), JSON.stringify({ classes, ignore: 255 }));
  const weights = `${session("pspnet-resnet101")}.pth`;
  const config = { ...quick, width: undefined, voc12Root: other, cropSize: 33, epochs: 1, weights };
  const summary = await trainSegmenter.run({ ...config, model: "pspnet-resnet101", sessionName: session("four") });
  assert.ok(summary.notices.some((notice) => /of 3 classes, not 4: its classifier is left out/.test(notice)));
  await assert.rejects(
    segment.run({ voc12Root: other, inferList: "train.txt", weights, savePath: session("never") }),
    /expected a network of 4 classes, background included, got 3/,
  );
  assert.ok(!fs.existsSync(session("never")));
});

test("the light network begins from ImageNet's backbone, which may stay; stopped and resumed it has the same weights", async () => {
  await setUpBackbone();
  const config = { ...quick, weights: undefined, width: undefined, model: LIGHT_MODEL, learningRate: undefined };
  const frozen = await trainSegmenter.run({ ...config, freezeBackbone: true, epochs: 1, sessionName: session("head") });
  assert.deepEqual(
    frozen.notices.map((notice) => notice.slice(0, 34)),
    ["new layers, initialised: aspp.own,"],
  );
  const imagenet = await openWeights(backboneRecipe().weights);
  const [stem, norm] = ["_conv_stem.weight", "_blocks.20._bn2.running_var"];
  for (const key of [stem, norm]) assert.deepEqual(await parameter("head", key), (await imagenet.read(key)).data);

  await trainSegmenter.run({ ...config, sessionName: session("light") });
  const stopped = await trainSegmenter.run({ ...config, sessionName: session("light-b") }, stopAfter(3));
  assert.deepEqual([stopped.steps, stopped.interrupted], [3, true]);
  await trainSegmenter.run({ ...config, sessionName: session("light-b") });
  assert.deepEqual(losses("light-b"), losses("light"));
  for (const key of [stem, "aspp.rate.1.depthwise.weight", "decoder.classifier.bias"])
    assert.deepEqual(await parameter("light-b", key), await parameter("light", key));
  assert.notDeepEqual(await parameter("light", stem), (await imagenet.read(stem)).data);
  assert.deepEqual(await parameter("light", norm), (await imagenet.read(norm)).data, "its normalisations stay");
  await imagenet.close();

  const refused: Partial<TrainSegmenterConfig> = { ...quick, freezeBackbone: true, sessionName: session("x") };
  for (const model of [LIGHT_MODEL, "pspnet-resnet101"] as const)
    await assert.rejects(
      trainSegmenter.run({ ...refused, model }),
      /--freeze-backbone goes with --model deeplab-v3plus/,
    );
});

test("weights of another model, width beside weights, sizes and batches that do not fit: refused before any work", async () => {
  const weights = `${session("deeplab-v2-vgg16")}.safetensors`;
  const reject = (config: Partial<TrainSegmenterConfig>, message: RegExp): Promise<void> =>
    assert.rejects(trainSegmenter.run({ ...quick, sessionName: session("x"), ...config }), message);
  const model = "pspnet-resnet101" as const;
  await reject(
    { model, cropSize: 33, width: undefined, weights },
    /expected weights of pspnet-resnet101, got those of deeplab-v2-vgg16/,
  );
  await reject({ model, cropSize: 33, weights }, /--width goes with --weights none/);
  await reject({ model, cropSize: 32 }, /--crop-size 32 does not fit pspnet-resnet101; the next that does is 33/);
  await reject({ model, cropSize: 33, batchSize: 1 }, /--norm batch needs a --batch-size of 2/);
  const affinity = session("affinity.safetensors");
  await writeSafetensors(affinity, formulaParameters(affinityShapes(2), 3));
  await reject(
    { model, cropSize: 33, width: undefined, weights: affinity },
    /expected weights of pspnet-resnet101 or its backbone/,
  );
  await assert.rejects(
    segment.run({ voc12Root: root, inferList: "train.txt", weights: affinity, savePath: session("never") }),
    /expected a whole segmentation network/,
  );
});

test("labels missing, of another size, with unknown classes or all unknown: named or used, nothing lost", async () => {
  const labels = path.join(work, "labels");
  fs.cpSync(path.join(root, "SegmentationClass"), labels, { recursive: true });
  fs.rmSync(path.join(labels, "img0.png"));
  writeTinyLabel(path.join(labels, "img1.png"), new Uint8Array(44 * 36).fill(7));
  writeTinyLabel(path.join(labels, "img3.png"), new Uint8Array(44 * 36).fill(255));
  writeTinyLabel(path.join(labels, "tiny.png"), new Uint8Array(44 * 36));
  await sharp({ create: { width: 3, height: 2, channels: 3, background: "red" } })
    .png()
    .toFile(path.join(root, "JPEGImages", "tiny.png"));
  const list = path.join(work, "odd.txt");
  fs.writeFileSync(list, "img0\nimg1\nimg2\nimg3\ntiny\nabsent\n");
  const config = { ...quick, model: "deeplab-v2-vgg16" as const, trainList: list, labelDir: labels, epochs: 2 };
  const summary = await trainSegmenter.run({ ...config, sessionName: session("odd") });
  const reasons = new Map(summary.failed.map(({ image, reason }) => [image, reason]));
  assert.deepEqual([...reasons.keys()].sort(), ["absent", "img0", "img1", "tiny"]);
  assert.match(reasons.get("img0") ?? "", /no label/);
  assert.match(reasons.get("img1") ?? "", /label values 0 to 2 or 255, got 7/);
  assert.match(reasons.get("tiny") ?? "", /expected a label of 3×2 pixels, as its image has, got 44×36/);
  assert.ok(summary.losses.loss > 0);
  assert.ok(fs.existsSync(`${session("odd")}.safetensors`));
});

test("labels without any object are refused before a training, with the cure", async () => {
  const labels = path.join(work, "objectless");
  fs.mkdirSync(labels);
  const write = (value: (i: number) => number): void => {
    const data = Uint8Array.from({ length: 44 * 36 }, (_, i) => value(i));
    for (const id of ["img0", "img1", "img2", "img3"]) writeTinyLabel(path.join(labels, `${id}.png`), data);
  };
  const config = { ...quick, model: "deeplab-v2-vgg16" as const, labelDir: labels, sessionName: session("objectless") };
  write((i) => (i % 3 === 0 ? 255 : 0));
  await assert.rejects(trainSegmenter.run(config), /0 and 255 alone, and 255 means unknown: .*"binary": "brick"/);
  write(() => 255);
  await assert.rejects(trainSegmenter.run(config), /pixels of a known class, got the value 255 \(unknown\) alone/);
});

test("a plain folder of photographs can be segmented", async () => {
  const folder = path.join(work, "plain");
  fs.mkdirSync(folder);
  fs.copyFileSync(path.join(root, "JPEGImages", "img0.jpg"), path.join(folder, "cat.jpg"));
  fs.copyFileSync(path.join(root, "dataset.json"), path.join(folder, "dataset.json"));
  const weights = `${session("deeplab-v2-vgg16")}.safetensors`;
  const savePath = session("plain-labels");
  const summary = await segment.run({
    voc12Root: folder,
    weights,
    savePath,
    scales: [1],
    flip: false,
    denseCrf: false,
  });
  assert.deepEqual([summary.done, fs.existsSync(path.join(savePath, "cat.png"))], [1, true]);
});

test("in two and in three processes: the weights of one", { skip: findMpi() === undefined }, async () => {
  await onOneThread(async () => {
    const list = path.join(work, "two.txt");
    fs.writeFileSync(list, "img0\nimg1\n"); // one step: more would multiply the last bits
    const config = { ...quick, model: "pspnet-resnet101" as const, trainList: list, cropSize: 33, epochs: 1 };
    await trainSegmenter.run({ ...config, sessionName: session("alone") });
    for (const gpus of [2, 3]) {
      // of three processes one has no image of a batch of two
      const together = await trainSegmenter.run({ ...config, sessionName: session(`together${gpus}`), gpus });
      assert.deepEqual([together.processes, together.steps], [gpus, 1]);
      for (const key of ["layer0.1.running_var", "cls.4.weight", "layer2.0.conv1.weight"]) {
        const [one, many] = [await parameter("alone", key), await parameter(`together${gpus}`, key)];
        for (const [i, value] of one.entries()) assert.ok(Math.abs(value - many[i]) < 1e-4, `${key} of ${gpus}`);
      }
    }
  });
});
