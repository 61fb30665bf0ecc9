/** What Mask R-CNN reaches on drawn scenes: one row a training, and the table of them. */

import fs from "node:fs";
import path from "node:path";

export const SUPERVISIONS = ["box", "masks"] as const;

/** What a network is trained on: the instance labels that boxes give, or the true masks. */
export type Labels = (typeof SUPERVISIONS)[number];

/** Figures in percent. */
export interface Row {
  readonly supervision: Labels;
  readonly seed: number;
  readonly scenes: number;
  readonly width: number;
  readonly epochs: number;
  readonly lr: number;
  /** Of the labels that it was trained on, their scores as they are. */
  readonly labelAP: number;
  readonly valAP: number;
  readonly valAP50: number;
  readonly valAP75: number;
  readonly valBoxAP: number;
  readonly drawnAP: number;
  readonly drawnAP50: number;
  readonly drawnAP75: number;
  readonly drawnBoxAP: number;
}

const FIGURES = [
  ...(["valAP", "valAP50", "valAP75", "valBoxAP"] as const),
  ...(["drawnAP", "drawnAP50", "drawnAP75", "drawnBoxAP"] as const),
] as const;
const KEYS = ["supervision", "seed", "scenes", "width", "epochs", "lr", "labelAP", ...FIGURES] as const;

/** In place of the same training's row, if there is one. */
export function withRow(rows: readonly Row[], row: Row): Row[] {
  const place = ({ supervision, seed }: Row): number => SUPERVISIONS.indexOf(supervision) * 1000 + seed;
  return [...rows.filter((each) => place(each) !== place(row)), row].sort((a, b) => place(a) - place(b));
}

export function readRows(folder: string): Row[] {
  const file = path.join(folder, "mask-rcnn.json");
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as { rows: Row[] }).rows : [];
}

/** mask-rcnn.json, .csv and .md. */
export function writeTable(folder: string, rows: readonly Row[], command: string): void {
  fs.mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text);
  write("mask-rcnn.json", `${JSON.stringify({ data: "data/mini", command, rows }, null, 2)}\n`);
  const cell = (key: (typeof KEYS)[number], value: string | number): string =>
    /AP/.test(key) ? (value as number).toFixed(2) : String(value);
  const lines = rows.map((row) => KEYS.map((key) => cell(key, row[key])).join(","));
  write("mask-rcnn.csv", `${[KEYS.join(","), ...lines].join("\n")}\n`);
  write("mask-rcnn.md", markdown(rows, command));
}

/** A row a supervision; the mean over the seeds with its share of full supervision, and the seeds' range. */
function markdown(rows: readonly Row[], command: string): string {
  const [{ scenes, width, epochs }] = rows;
  const mean = (supervision: Labels, key: (typeof FIGURES)[number]): number | undefined => {
    const own = rows.filter((row) => row.supervision === supervision).map((row) => row[key]);
    return own.length === 0 ? undefined : own.reduce((sum, value) => sum + value, 0) / own.length;
  };
  const cellText = (supervision: Labels, key: (typeof FIGURES)[number]): string => {
    const [own, full] = [mean(supervision, key), supervision === "masks" ? undefined : mean("masks", key)];
    if (own === undefined) return "–";
    const values = rows.filter((row) => row.supervision === supervision).map((row) => row[key]);
    const range = values.length < 2 ? "" : `, ${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`;
    return `${own.toFixed(1)}${full === undefined ? "" : ` (${((100 * own) / full).toFixed(0)} %)`}${range}`;
  };
  const table = (judged: "val" | "drawn"): string[] => {
    const keys = FIGURES.filter((key) => key.startsWith(judged));
    const lines = SUPERVISIONS.flatMap((supervision) => {
      const any = rows.find((row) => row.supervision === supervision);
      if (any === undefined) return [];
      return [
        `| ${[supervision, any.labelAP.toFixed(1), ...keys.map((key) => cellText(supervision, key))].join(" | ")} |`,
      ];
    });
    return ["| trained on | labels' AP | AP | AP50 | AP75 | AP of boxes |", "|---|---:|---:|---:|---:|---:|", ...lines];
  };
  const seeds = new Set(rows.map(({ seed }) => seed)).size;
  return [
    "# Mask R-CNN on data/mini",
    "",
    `COCO's figures of masks in %, of a Mask R-CNN on a ResNet18 of ${width} / 64 of the published width, trained on the 12 train images`,
    `and ${scenes} drawn scenes (${epochs} passes), from a backbone that had seen drawn portraits with one tag each. In brackets the share of`,
    `what the same network reaches on the true masks. Mean of ${seeds} seed${seeds === 1 ? "" : "s"}, with the lowest and highest.`,
    "",
    "On 60 drawn scenes that no training has seen:",
    "",
    ...table("drawn"),
    "",
    "On the 6 val images, which are few:",
    "",
    ...table("val"),
    "",
    `Made by \`${command}\`.`,
    "",
  ].join("\n");
}
