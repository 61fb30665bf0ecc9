/**
 * How far boxes get a network that finds objects, on drawn scenes: a light Mask R-CNN trained on the instance labels that
 * `make-pseudo-labels --instances` makes of boxes, and the same one trained on the true masks.
 *
 *   portraits (drawn: one thing and one tag each)            → a ResNet18, which stands in for ImageNet's
 *   data/mini's 12 train images and as many drawn scenes as --scenes says, their boxes
 *                                                            → make-pseudo-labels --instances → train-segmenter from there
 *   data/mini's 6 val images, and 60 drawn scenes            → segment --instances → evaluate --instances
 *
 *   npx tsx scripts/mini-mask-rcnn.ts [--supervision box,masks] [--seed N,…] [--scenes N] [--width N] [--epochs N]
 *     [--out FOLDER] [--results FOLDER] [--threads N]
 *
 * Twelve pictures teach a network of so many parts little, hence the drawn scenes. The affinity network of the graph is
 * data/mini's, which saw weak labels of such scenes and no mask. What exists already is kept: the same command resumes.
 * The table: RESULTS/mask-rcnn.csv, .json and .md.
 */

import path from "node:path";
import { useBackend } from "../src/backend";
import { SMALL_PICTURES } from "../src/demo/features";
import { UserError } from "../src/errors";
import { createReporter } from "../src/running/reporter";
import type { StepContext } from "../src/running/step";
import { evaluate } from "../src/steps/evaluate";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import type { EvaluateInstancesSummary } from "../src/steps/outputs/instances-table";
import { segment } from "../src/steps/segment";
import { trainSegmenter } from "../src/steps/train-segmenter";
import { trainBackbone } from "./mini/backbones";
import { drawWeaklyLabelled, drawWithInstances } from "./mini/drawn";
import { type Labels, type Row, readRows, SUPERVISIONS, withRow, writeTable } from "./mini/mask-rcnn-table";
import { randomPortrait, randomScene } from "./mini/random-scenes";
import { scenes as handDrawn } from "./mini/scenes";

const DATA = path.join(__dirname, "..", "data", "mini");
const MODEL = "mask-rcnn-resnet18-fpn";
const PORTRAITS = 200;
const BACKBONE_EPOCHS = 15;
/** Steps of each phase of the graph's training: a third of the usual, as the scenes are small and many. */
const GRAPH_STEPS = 50;
/** Numbers of the drawn scenes that networks are judged by: none that anything is trained on. */
const HELD_OUT = Array.from({ length: 60 }, (_, i) => 2001 + i);
/** Pixels of the short side: the scenes' own sizes. */
const SIDES = { shortSide: [112, 128, 144], longSide: 192 };

interface Options {
  readonly supervision: readonly Labels[];
  readonly seeds: readonly number[];
  readonly scenes: number;
  readonly width: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly out: string;
  readonly results: string;
}

/** What networks are judged by. */
interface Judged {
  readonly key: "val" | "drawn";
  readonly voc12Root: string;
  readonly list: string;
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const options = readOptions(words);
  await useBackend();
  const context: StepContext = { reporter: createReporter() };
  const root = path.join(options.out, `scenes-${options.scenes}`);
  const train = handDrawn.filter(({ split }) => split === "train");
  const drawn = Array.from({ length: options.scenes }, (_, i) => randomScene(i + 1));
  await drawWithInstances(root, [...train, ...drawn], context.reporter);
  const heldOut = path.join(options.out, "held-out");
  await drawWithInstances(heldOut, HELD_OUT.map(randomScene), context.reporter);
  const judged: readonly Judged[] = [
    { key: "val", voc12Root: DATA, list: "val.txt" },
    { key: "drawn", voc12Root: heldOut, list: "train.txt" },
  ];
  const weights = await backbone(options, context);
  let rows = readRows(options.results);
  for (const supervision of options.supervision) {
    const instances = await objectsOf(supervision, root, options, context);
    for (const seed of options.seeds) {
      const row = await rowOf(supervision, seed, { root, instances, weights, judged }, options, context);
      rows = withRow(rows, row);
      writeTable(options.results, rows, `npx tsx scripts/mini-mask-rcnn.ts ${words.join(" ")}`.trim());
      process.stdout.write(`${supervision.padEnd(6)} seed ${seed} ${JSON.stringify(row)}\n`);
    }
  }
}

/** File of the weights that every network begins with. */
async function backbone({ out, width }: Options, context: StepContext): Promise<string> {
  const root = path.join(out, "portraits");
  await drawWeaklyLabelled(root, randomPortrait, PORTRAITS, context.reporter);
  const sessionName = path.join(out, "backbones", `resnet18-width${width}`);
  const training = { backbone: "resnet18", root, width, epochs: BACKBONE_EPOCHS, seed: 0, sessionName } as const;
  return finished(await trainBackbone(training, context));
}

/** COCO's file of the objects of the train images: the true ones, or those that boxes give. */
async function objectsOf(
  supervision: Labels,
  root: string,
  { out, scenes }: Options,
  context: StepContext,
): Promise<string> {
  if (supervision === "masks") return path.join(root, "instances.json");
  const graph = { weights: path.join(DATA, "weights", "affinity.safetensors"), ...SMALL_PICTURES };
  const savePath = path.join(out, `labels-${scenes}`);
  const labels = {
    voc12Root: root,
    inferList: "train.txt",
    supervision,
    savePath,
    instances: true,
    epochs: GRAPH_STEPS,
  } as const;
  const { instances } = await makePseudoLabels.run({ ...labels, ...graph }, context);
  if (instances === undefined) throw new UserError("input", "stopped; the same command resumes");
  return instances.file;
}

interface Training {
  readonly root: string;
  readonly instances: string;
  readonly weights: string;
  readonly judged: readonly Judged[];
}

async function rowOf(
  supervision: Labels,
  seed: number,
  { root, instances, weights, judged }: Training,
  { scenes, width, epochs, learningRate, out }: Options,
  context: StepContext,
): Promise<Row> {
  const name = `${supervision}-scenes${scenes}-width${width}-lr${learningRate}-epochs${epochs}-seed${seed}`;
  const sessionName = path.join(out, "networks", name);
  const summary = await trainSegmenter.run(
    {
      ...{ model: MODEL, voc12Root: root, trainList: "train.txt", instances, weights, sessionName, seed, ...SIDES },
      ...{ epochs, learningRate, batchSize: 4, schedule: "step", milestones: [0.7, 0.9], warmUp: 50 },
    },
    context,
  );
  const network = finished(summary);
  const labelAP = supervision === "masks" ? 100 : 100 * (await apOf(instances, root)).AP;
  const figures: Record<string, number> = {};
  for (const { key, voc12Root, list } of judged) {
    const savePath = `${sessionName}-${key}`;
    const sides = { shortSide: 128, longSide: SIDES.longSide };
    await segment.run(
      {
        voc12Root,
        inferList: list,
        weights: network,
        savePath,
        overlay: `${savePath}-overlay`,
        instances: true,
        ...sides,
      },
      context,
    );
    const pred = path.join(savePath, "instances.json");
    const found = await apOf(pred, voc12Root, list);
    figures[`${key}AP`] = 100 * found.AP;
    figures[`${key}AP50`] = 100 * found.AP50;
    figures[`${key}AP75`] = 100 * found.AP75;
    figures[`${key}BoxAP`] = 100 * found.bbox.AP;
  }
  return { supervision, seed, scenes, width, epochs, lr: learningRate, labelAP, ...figures } as Row;
}

function apOf(pred: string, voc12Root: string, list = "train.txt"): Promise<EvaluateInstancesSummary> {
  return evaluate.run({ instances: true, pred, gt: path.join(voc12Root, "instances.json"), list, voc12Root });
}

function finished({ weights }: { readonly weights?: { readonly safetensors: string } }): string {
  if (weights === undefined) throw new UserError("input", "stopped; the same command resumes");
  return weights.safetensors;
}

function readOptions(words: readonly string[]): Options {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) given.set(words[i].replace(/^--/, ""), words[i + 1] ?? "");
  const number = (name: string, fallback: number): number => Number(given.get(name) ?? fallback);
  const supervision = (given.get("supervision")?.split(",") ?? SUPERVISIONS) as readonly Labels[];
  const unknown = supervision.find((each) => !SUPERVISIONS.includes(each));
  if (unknown !== undefined)
    throw new UserError("usage", `expected --supervision of ${SUPERVISIONS.join(", ")}, got "${unknown}"`);
  return {
    supervision,
    seeds: (given.get("seed") ?? "0,1").split(",").map(Number),
    scenes: number("scenes", 60),
    width: number("width", 8),
    epochs: number("epochs", 10),
    learningRate: number("lr", 0.02),
    out: given.get("out") ?? path.join("out", "mini-mask-rcnn"),
    results: given.get("results") ?? path.join(DATA, "results"),
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof UserError || !(error instanceof Error) ? error : error.stack}\n`);
  process.exit(1);
});
