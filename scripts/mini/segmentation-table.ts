/** What segmentation networks reach on data/mini: one row a training, and the table of them. */

import fs from "node:fs";
import path from "node:path";
import { MODELS, type ModelName } from "../../src/config/segmentation-models";
import { scoreText } from "../../src/demo/segmentation-table";

export const SUPERVISIONS = ["image", "point", "scribble", "box", "masks"] as const;

/** What a network is trained on: pseudo labels of a kind of weak label, or the true masks. */
export type Labels = (typeof SUPERVISIONS)[number];

export interface Row {
  readonly supervision: Labels;
  readonly model: ModelName;
  readonly seed: number;
  /** Percent; of the labels that it was trained on, over the train images. */
  readonly labelMiou: number;
  /** Percent, over the images that it is judged by. */
  readonly miou: number;
  readonly accuracy: number;
  readonly lr: number;
  readonly epochs: number;
  readonly width: number;
}

const KEYS = ["supervision", "model", "seed", "labelMiou", "miou", "accuracy", "lr", "epochs", "width"] as const;

/** In place of the training's row that is there, if one is. */
export function withRow(rows: readonly Row[], row: Row): Row[] {
  const place = ({ supervision, model, seed }: Row): number =>
    (SUPERVISIONS.indexOf(supervision) * MODELS.length + MODELS.indexOf(model)) * 1000 + seed;
  return [...rows.filter((each) => place(each) !== place(row)), row].sort((a, b) => place(a) - place(b));
}

export function readRows(folder: string): Row[] {
  const file = path.join(folder, "segmentation.json");
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as { rows: Row[] }).rows : [];
}

/** segmentation.json, .csv and .md. @param images that the networks are judged by, in words */
export function writeTable(folder: string, rows: readonly Row[], images: string, command: string): void {
  fs.mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text);
  write("segmentation.json", `${JSON.stringify({ data: "data/mini", command, rows }, null, 2)}\n`);
  const cell = (key: (typeof KEYS)[number], value: string | number): string =>
    /iou|accuracy/i.test(key) ? (value as number).toFixed(2) : String(value);
  const lines = rows.map((row) => KEYS.map((key) => cell(key, row[key])).join(","));
  write("segmentation.csv", `${[KEYS.join(","), ...lines].join("\n")}\n`);
  write("segmentation.md", markdown(rows, images, command));
}

/** A row a supervision, a column a network. */
function markdown(rows: readonly Row[], images: string, command: string): string {
  const models = MODELS.filter((model) => rows.some((row) => row.model === model));
  const seeds = new Set(rows.map(({ seed }) => seed));
  const lines = SUPERVISIONS.flatMap((supervision) => {
    const any = rows.find((row) => row.supervision === supervision);
    if (any === undefined) return [];
    const cells = models.map((model) => cellText(rows, supervision, model));
    return [`| ${[supervision, any.labelMiou.toFixed(1), ...cells].join(" | ")} |`];
  });
  return [
    "# Segmentation networks on data/mini",
    "",
    `mIoU in % over ${images}, which no training has seen, of networks trained on the train images' labels, and in`,
    `brackets the share of what the same network reaches on the true masks. Mean of ${seeds.size} seed${seeds.size === 1 ? "" : "s"}, with the`,
    "lowest and highest. An eighth of the published width; backbones from drawn portraits with one tag each, as the paper's",
    "come from ImageNet. Labels: mIoU of the labels themselves, over the train images.",
    "",
    `| trained on | labels | ${models.join(" | ")} |`,
    `|---|---:|${models.map(() => "---:|").join("")}`,
    ...lines,
    "",
    `Made by \`${command}\`.`,
    "",
  ].join("\n");
}

/** The mean over the seeds and its share of full supervision, with the lowest and the highest: `61.2 (88 %), 59.9–62.5`. */
function cellText(rows: readonly Row[], supervision: Labels, model: ModelName): string {
  const scores = rows.filter((row) => row.supervision === supervision && row.model === model).map(({ miou }) => miou);
  const range = scores.length < 2 ? "" : `, ${Math.min(...scores).toFixed(1)}–${Math.max(...scores).toFixed(1)}`;
  return scoreText(rows, supervision, model) + range;
}
