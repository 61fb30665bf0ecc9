import assert from "node:assert/strict";
import { test } from "node:test";
import { steps } from "../src/commands";
import { labelOptions } from "../src/config/label-photograph";
import { makePseudoLabelsOptions } from "../src/config/make-pseudo-labels";
import { defaultsOf, keysTouching, type Option, type OptionTable, touching } from "../src/config/option";
import { type ResolvedLabelConfig, resolveLabelConfig } from "../src/config/pseudo-label-presets";
import { VOC } from "../src/data/voc";
import type { ImageGraph } from "../src/graph/image-graph";
import { labelProbabilities } from "../src/label-photograph/label-probabilities";

const SIZE = { width: 24, height: 16 };
const pixels = SIZE.width * SIZE.height;

/** All that a training is given under a configuration, as text. */
async function taskOf(config: ResolvedLabelConfig): Promise<string> {
  let task = "";
  const prepared = {
    image: { ...SIZE, data: new Uint8Array(3 * pixels).map((_, i) => i % 251) },
    seed: { ...SIZE, data: new Uint8Array(pixels).map((_, i) => (i % 3 === 0 ? VOC.ignore : i % 2)) },
    boxes: [{ xmin: 2, ymin: 2, xmax: 20, ymax: 12, class: 1 }],
    maps: new Map([[1, new Float32Array(pixels).fill(0.5)]]),
  };
  const stop = new Error("the task is known");
  const labelled = labelProbabilities(prepared, config, VOC, {
    name: "one",
    buildGraph: async ({ width, height }) => ({ width: width / 8, height: height / 8, stride: 8 }) as ImageGraph,
    fit: async (given) => {
      task = JSON.stringify(given);
      throw stop;
    },
  });
  await assert.rejects(labelled, stop);
  return task;
}

/** Another value that the option accepts. */
function changed({ kind, choices, min = 0 }: Option<unknown>, value: unknown): unknown {
  if (kind === "boolean") return !value;
  if (kind === "choice") return choices?.find((choice) => choice !== value);
  return value === undefined ? min + 1 : (value as number) / 2 + min + (kind === "integer" ? 1 : 0);
}

test("what touches the label alone never reaches the training, and what the training is told of touches the fit", async () => {
  const known = { supervision: "box", hasMaps: true, hasBackbone: false } as const;
  const { config } = resolveLabelConfig({}, known);
  const usual = await taskOf(config);
  const options = Object.entries(labelOptions as Record<string, Option<unknown>>);
  for (const [key, option] of options) {
    const value = config[key as keyof ResolvedLabelConfig];
    if (option.kind === "path" || ["supervision", "features"].includes(key)) continue;
    const task = await taskOf({ ...config, [key]: changed(option, value) } as ResolvedLabelConfig);
    if (option.affects !== "fit") assert.equal(task, usual, `--${key} touches the ${option.affects}`);
    if (task !== usual) assert.equal(option.affects, "fit", key);
  }
  for (const change of [{ epochs: 3 }, { hidden: 5 }, { learningRate: 1 }, { seed: 7 }, { multiPoint: false }])
    assert.notEqual(await taskOf({ ...config, ...change }), usual, JSON.stringify(change));
});

test("settings of a folder of labels: neither places nor what changes the speed alone, in the configuration's order", () => {
  const config = { ...defaultsOf(makePseudoLabelsOptions), savePath: "out", voc12Root: "data" };
  const settings = touching(config, makePseudoLabelsOptions, ["fit", "label"]);
  for (const key of ["savePath", "overlay", "outProb", "fits", "inferList", "shard", "crfThreads"])
    assert.ok(!(key in settings), key);
  for (const key of ["voc12Root", "weights", "camDir", "boxLimit", "learningRate", "seed"])
    assert.ok(key in settings, key);
  const order = Object.keys(config).filter((key) => key in settings);
  assert.deepEqual(Object.keys(settings), order);
});

test("every option of every step says what it touches; what a step writes is a place", () => {
  for (const { name, options } of steps) {
    const table = options as OptionTable<Record<string, unknown>>;
    const all = keysTouching(table, ["fit", "label", "speed", "place"]);
    assert.deepEqual(all, Object.keys(table), name);
    for (const key of ["savePath", "overlay", "out", "sessionName", "report"])
      if (key in table) assert.equal(table[key].affects, "place", `${name} --${key}`);
  }
});
