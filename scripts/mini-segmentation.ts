/**
 * How far cheap labels get towards full supervision, on data/mini: every network at reduced width trained on the pseudo labels
 * of each supervision and on the true masks, compared with the truth of the val images.
 *
 *   npx tsx scripts/mini-segmentation.ts [--supervision image,point,scribble,box,masks] [--model NAME,…] [--epochs N]
 *     [--width N] [--seed N] [--out FOLDER] [--results FOLDER]
 *
 * What is there already is not made again: the same command goes on. The table: RESULTS/segmentation.csv, .json and .md.
 */

import fs from "node:fs";
import path from "node:path";
import { useBackend } from "../src/backend";
import type { TrainSegmenterConfig } from "../src/config/train-segmenter";
import { SMALL_PICTURES } from "../src/demo/features";
import { UserError } from "../src/errors";
import { createReporter } from "../src/running/reporter";
import type { StepContext } from "../src/running/step";
import { MODELS, type ModelName } from "../src/segmentation/network";
import { evaluate } from "../src/steps/evaluate";
import { inferSeam } from "../src/steps/infer-seam";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { segment } from "../src/steps/segment";
import { trainSegmenter } from "../src/steps/train-segmenter";

const DATA = path.join(__dirname, "..", "data", "mini");
const TRUTH = path.join(DATA, "SegmentationClass");
const SUPERVISIONS = ["image", "point", "scribble", "box", "masks"] as const;

type Labels = (typeof SUPERVISIONS)[number];

interface Options {
  readonly supervision: readonly Labels[];
  readonly model: readonly ModelName[];
  readonly epochs?: number;
  readonly width: number;
  readonly seed: number;
  readonly out: string;
  readonly results: string;
}

interface Row {
  readonly supervision: Labels;
  readonly model: ModelName;
  /** Percent; of the labels that it was trained on, over the train images. */
  readonly labelMiou: number;
  /** Percent, over the val images. */
  readonly miou: number;
  readonly accuracy: number;
  readonly epochs: number;
  readonly width: number;
  readonly seed: number;
}

type Setting = Pick<TrainSegmenterConfig, "lr" | "batchSize" | "epochs" | "scaleRange" | "balanced">;

/**
 * From scratch on a dozen small pictures: higher rates and smaller crops than the recipes', and the range of sizes and the
 * loss that did best on the true masks, seed 0. Mind that six val images are few: a change of no account moves the figure by
 * some points. VGG16, without normalisations, hardly learns from scratch: it takes the most steps, and with twice the rate its
 * loss ends as no number.
 */
const SETTINGS: Readonly<Record<ModelName, Setting>> = {
  "deeplab-v2-vgg16": { lr: 0.01, batchSize: 2, epochs: 100, scaleRange: [0.75, 1.25], balanced: true },
  "deeplab-v2-resnet101": { lr: 0.02, batchSize: 4, epochs: 30, scaleRange: [0.75, 1.25], balanced: true },
  "pspnet-resnet101": { lr: 0.02, batchSize: 4, epochs: 60, scaleRange: [0.5, 2], balanced: true },
  "tree-fcn-resnet101": { lr: 0.02, batchSize: 4, epochs: 40, scaleRange: [0.75, 1.25], balanced: false },
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  await useBackend();
  const context: StepContext = { reporter: createReporter() };
  const command = `npx tsx scripts/mini-segmentation.ts ${process.argv.slice(2).join(" ")}`.trim();
  const file = path.join(options.results, "segmentation.json");
  const rows = readRows(file);
  for (const supervision of options.supervision) {
    const labelDir = await labelsOf(supervision, options, context);
    const labels = await evaluate.run({ pred: labelDir, gt: TRUTH, voc12Root: DATA, list: "train.txt" });
    for (const model of options.model) {
      const row = await rowOf(supervision, model, labelDir, options, 100 * (labels.mIoU ?? 0), context);
      const others = rows.filter((each) => each.supervision !== supervision || each.model !== model);
      rows.splice(0, rows.length, ...sorted([...others, row]));
      writeTable(options.results, rows, command);
      process.stdout.write(`${supervision.padEnd(9)} ${model.padEnd(21)} val mIoU ${row.miou.toFixed(1)} %\n`);
    }
  }
}

/** Folder of the labels of the train images. */
async function labelsOf(supervision: Labels, { out, seed }: Options, context: StepContext): Promise<string> {
  if (supervision === "masks") return TRUTH;
  const folder = path.join(out, supervision);
  const common = { voc12Root: DATA, inferList: "train.txt" };
  const camDir = path.join(DATA, "CAM");
  const seeds = path.join(folder, "seed");
  if (supervision === "image") await inferSeam.run({ ...common, camDir, crf: seeds }, context);
  const savePath = path.join(folder, "label");
  const graph = { weights: path.join(DATA, "weights", "affinity.safetensors"), ...SMALL_PICTURES };
  const seedLabelRoot = supervision === "image" ? seeds : undefined;
  await makePseudoLabels.run({ ...common, ...graph, supervision, seedLabelRoot, savePath, seed }, context);
  return savePath;
}

async function rowOf(
  supervision: Labels,
  model: ModelName,
  labelDir: string,
  { out, width, seed, epochs = SETTINGS[model].epochs }: Options,
  labelMiou: number,
  context: StepContext,
): Promise<Row> {
  const sessionName = path.join(out, supervision, `${model}-width${width}-epochs${epochs}-seed${seed}`);
  const dropout = model !== "deeplab-v2-vgg16"; // half of so narrow a pyramid is too little
  const settings = {
    ...SETTINGS[model],
    weights: "none",
    cropSize: model === "tree-fcn-resnet101" ? 96 : 97,
    dropout,
    width,
    seed,
    epochs,
  };
  const training = { ...settings, voc12Root: DATA, trainList: "train.txt", model, labelDir, sessionName };
  const summary = await trainSegmenter.run(training, context);
  if (summary.weights === undefined) throw new UserError("input", "stopped; the same command goes on");
  const savePath = `${sessionName}-val`;
  const weights = summary.weights.safetensors;
  await segment.run({ voc12Root: DATA, inferList: "val.txt", weights, savePath, scales: [0.75, 1, 1.25] }, context);
  const scores = await evaluate.run({ pred: savePath, gt: TRUTH, voc12Root: DATA, list: "val.txt" });
  const percent = (value: number | null): number => 100 * (value ?? 0);
  return {
    ...{ supervision, model, labelMiou, epochs, width, seed },
    ...{ miou: percent(scores.mIoU), accuracy: percent(scores.pixelAccuracy) },
  };
}

function sorted(rows: readonly Row[]): Row[] {
  const place = ({ supervision, model }: Row): number =>
    SUPERVISIONS.indexOf(supervision) * MODELS.length + MODELS.indexOf(model);
  return [...rows].sort((a, b) => place(a) - place(b));
}

function readRows(file: string): Row[] {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as { rows: Row[] }).rows : [];
}

function writeTable(folder: string, rows: readonly Row[], command: string): void {
  fs.mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text);
  write("segmentation.json", `${JSON.stringify({ data: "data/mini", command, rows }, null, 2)}\n`);
  const keys = ["supervision", "model", "labelMiou", "miou", "accuracy", "epochs", "width", "seed"] as const;
  const cell = (value: string | number): string =>
    typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : String(value);
  const lines = rows.map((row) => keys.map((key) => cell(row[key])).join(","));
  write("segmentation.csv", `${[keys.join(","), ...lines].join("\n")}\n`);
  write("segmentation.md", markdown(rows, command));
}

/** A row a supervision, a column a network. */
function markdown(rows: readonly Row[], command: string): string {
  const models = MODELS.filter((model) => rows.some((row) => row.model === model));
  const score = (supervision: Labels, model: ModelName): string =>
    rows.find((row) => row.supervision === supervision && row.model === model)?.miou.toFixed(1) ?? "–";
  const lines = SUPERVISIONS.flatMap((supervision) => {
    const any = rows.find((row) => row.supervision === supervision);
    if (any === undefined) return [];
    return [
      `| ${[supervision, any.labelMiou.toFixed(1), ...models.map((model) => score(supervision, model))].join(" | ")} |`,
    ];
  });
  return [
    "# Segmentation networks on data/mini",
    "",
    "mIoU in % over the val images of networks that were trained on the train images' labels, at reduced width and from",
    "scratch; beside it that of the labels themselves, over the train images.",
    "",
    `| trained on | labels | ${models.join(" | ")} |`,
    `|---|---:|${models.map(() => "---:|").join("")}`,
    ...lines,
    "",
    `Made by \`${command}\`.`,
    "",
  ].join("\n");
}

function readOptions(words: readonly string[]): Options {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) given.set(words[i].replace(/^--/, ""), words[i + 1] ?? "");
  const list = <T extends string>(name: string, all: readonly T[]): readonly T[] => {
    const names = given.get(name)?.split(",") ?? all;
    const unknown = names.find((each) => !all.includes(each as T));
    if (unknown !== undefined)
      throw new UserError("usage", `expected --${name} of ${all.join(", ")}, got "${unknown}"`);
    return names as readonly T[];
  };
  const number = (name: string): number | undefined => (given.has(name) ? Number(given.get(name)) : undefined);
  return {
    supervision: list("supervision", SUPERVISIONS),
    model: list("model", MODELS),
    epochs: number("epochs"),
    width: number("width") ?? 8,
    seed: number("seed") ?? 0,
    out: given.get("out") ?? path.join("out", "mini-segmentation"),
    results: given.get("results") ?? path.join(DATA, "results"),
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof UserError || !(error instanceof Error) ? error : error.stack}\n`);
  process.exit(1);
});
