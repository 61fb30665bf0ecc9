import fs from "node:fs";
import path from "node:path";
import * as tf from "@tensorflow/tfjs";
import { readLabel } from "../../src/data/label-png";
import { VOC } from "../../src/data/voc";
import { readBoxes } from "../../src/data/voc-boxes";
import { denseCrf } from "../../src/dense-crf/dense-crf";
import { selectRows } from "../../src/graph/a2gnn";
import { createImageGraph } from "../../src/graph/image-graph";
import { labelImage } from "../../src/label-photograph/label-image";
import type { NdArray } from "../../src/nd-array";
import { formulaTensor } from "../../src/weights/formula";
import { readNpyDictionary } from "../../src/weights/npy-dictionary";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { nchwToRows, nchwToWindow, rowsToNchw } from "../window-layout";

const CLASSES = VOC.classes.length;

/** The whole per-image loop on given features and affinities, by the recipe of the case's name. */
async function endToEnd(golden: GoldenCase): Promise<Computed> {
  const box = golden.name.includes("box");
  const walks = golden.name.includes("_rw");
  const image = path.basename(golden.attr<string>("image"));
  const fileOf = (attribute: string): string => path.join(golden.root, golden.attr<string>(attribute));
  const rgb = golden.file(`dataset/RGB_npy/${image}.npy`);
  const [height, width] = rgb.shape;
  const pixels = Uint8Array.from(rgb.data);
  const radius = golden.attr<number>("radius");
  const affinity = nchwToWindow(toFloats(golden, `30_e2e_inputs/${image}/aff_mat_r${radius}.npy`));
  const features = nchwToRows(toFloats(golden, `30_e2e_inputs/${image}/features.npy`));
  const raw = tf.tensor2d(features.data, features.shape as [number, number]);
  const graph = createImageGraph(raw, affinity);
  raw.dispose();
  const epochs = golden.attr<[number, number]>("epochs");
  const betas = golden.attr<number[]>("beta_init");
  const init = golden.attr<Record<string, unknown>>("init");
  const weight = (name: string): NdArray<Float32Array> => {
    const [, low, high, shape] = init[name] as [string, number, number, number[]];
    return { shape, data: formulaTensor(name, shape, init.formula_seed as number, low, high) };
  };
  const dictionary = walks
    ? readNpyDictionary(fs.readFileSync(path.join(golden.root, "dataset", "CAM", `${image}.npy`)), image)
    : new Map();
  const maps = new Map(
    [...dictionary].map(([cls, map]) => [Number(cls) + 1, Float32Array.from(map.data as Float32Array)] as const),
  );
  const result = await labelImage(
    {
      image: { width, height, data: pixels },
      graph,
      seed: await readLabel(fileOf("seed_label")),
      boxes: box ? (await readBoxes(fileOf("annotation"), VOC, { width, height })).boxes : [],
      maps,
      classes: CLASSES,
      ignore: VOC.ignore,
    },
    {
      hidden: golden.attr("hidden"),
      layers: betas.length,
      dropout: golden.attr("dropout"),
      learningRate: golden.attr("lr"),
      weightDecay: golden.attr("weight_decay"),
      steps: epochs,
      crfWeight: box ? 0.01 : 0.3,
      multiPoint: box,
      consistencyThreshold: 0,
      seed: 0,
      seedPadding: box ? VOC.ignore : 0,
      initial: [
        keptRows(weight("embeddinglayer.weight"), graph.columns),
        ...betas.map((beta) => ({ shape: [], data: Float32Array.of(beta) })),
        weight("outputlayer.weight"),
      ],
      ...(walks
        ? {
            walk: {
              beta: golden.attr<number>("rw_beta"),
              logt: golden.attr<number>("logt"),
              alpha: golden.attr<number>("alpha"),
              weight: golden.attr<number>("rw_weight"),
            },
          }
        : {}),
    },
  );
  const grid = [graph.height, graph.width] as const;
  const trained = result.fit.parameters;
  graph.dispose();
  const refined = denseCrf(pixels, width, height, result.probabilities, {
    iterations: 10,
    gaussian: { sxy: 2, compat: 3 },
    bilateral: { sxy: 50, srgb: 5, compat: 10 },
  });
  const out: Record<string, Computed[string]> = {
    losses: result.fit.losses,
    pred_lowres: rowsToNchw(result.fit.logits, [CLASSES, ...grid]),
    pred_probs_every4th: everyNth(result.probabilities, height, width, 4),
    Q_every4th: everyNth(refined, height, width, 4),
    label: argmax(refined),
    final_outputlayer: trained[trained.length - 1].data,
  };
  trained.slice(1, -1).forEach((beta, i) => {
    out[`final_attentionlayers__${i}__beta`] = beta.data;
  });
  if (result.walked !== undefined) {
    const classes = golden.attr<number[]>("cam_rw_classes");
    const all = everyNth(result.walked, height, width, 2);
    const [, rows, columns] = all.shape;
    const area = rows * columns;
    const data = Float32Array.from(classes.flatMap((c) => [...all.data.subarray(c * area, (c + 1) * area)]));
    out.cam_rw_every2nd = { shape: [classes.length, rows, columns], data };
  }
  return out;
}

/** The rows of a matrix for the columns of X that the graph kept. */
function keptRows({ shape, data }: NdArray<Float32Array>, kept: Int32Array): NdArray<Float32Array> {
  return { shape: [kept.length, shape[1]], data: selectRows(data, kept, shape[1]) };
}

function toFloats(golden: GoldenCase, file: string): { shape: readonly number[]; data: Float32Array } {
  const { shape, data } = golden.file(file);
  return { shape, data: Float32Array.from(data) };
}

/** [H·W, K] → [K, rows, columns], every n-th row and column. */
function everyNth(
  rows: Float32Array,
  height: number,
  width: number,
  n: number,
): { shape: number[]; data: Float32Array } {
  const h = Math.ceil(height / n);
  const w = Math.ceil(width / n);
  const data = new Float32Array(CLASSES * h * w);
  for (let c = 0; c < CLASSES; c++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) data[(c * h + y) * w + x] = rows[(y * n * width + x * n) * CLASSES + c];
  return { shape: [CLASSES, h, w], data };
}

function argmax(rows: Float32Array): Uint8Array {
  const out = new Uint8Array(rows.length / CLASSES);
  for (let i = 0; i < out.length; i++)
    for (let c = 1; c < CLASSES; c++) if (rows[i * CLASSES + c] > rows[i * CLASSES + out[i]]) out[i] = c;
  return out;
}

export const handlers: GoldenHandler[] = [
  // The inputs of the end-to-end cases: nothing to compare, but they must make a graph.
  {
    prefixes: ["30_e2e_inputs"],
    run(golden) {
      const features = nchwToRows(golden.floats("features"));
      const raw = tf.tensor2d(features.data, features.shape as [number, number]);
      for (const name of golden.names("input").filter((each) => each.startsWith("aff_mat"))) {
        const affinity = nchwToWindow(golden.floats(name));
        createImageGraph(raw, affinity).dispose();
      }
      raw.dispose();
      return {};
    },
  },
  { prefixes: ["31_e2e"], run: endToEnd },
];
