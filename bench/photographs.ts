/** What the benchmarks read: a small VOC folder of synthetic photographs, and full-width weights by formula, written once. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import sharp from "sharp";
import { affinityShapes } from "../src/affinity/affinity-net";
import { VOC } from "../src/data/voc";
import { FULL_WIDTH } from "../src/network/initial-weights";
import type { NetworkKind } from "../src/network/other-head";
import { seamShapes } from "../src/seam/seam-net";
import { formulaParameter } from "../src/weights/formula";
import { writeSafetensors } from "../src/weights/safetensors";
import { syntheticPhotograph } from "./synthetic-photograph";

export const WIDTH = 500;
export const HEIGHT = 375;
export const CLASSES = VOC.classes.length;
/** Seed of the photograph that all stages are measured on. */
const FIRST = 1;
export const folder = path.join(os.tmpdir(), "a2gnn-bench");

export interface BenchBox {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
  readonly class: number;
}

/** The photograph of the stages, with three boxes. */
export function photograph(): { image: ReturnType<typeof syntheticPhotograph>["image"]; boxes: BenchBox[] } {
  const { image, boxes } = syntheticPhotograph(WIDTH, HEIGHT, FIRST);
  return { image, boxes: boxes.map((box, i) => ({ ...box, class: classOf(i) })) };
}

/** Class of the i-th box. */
function classOf(i: number): number {
  return 3 + 5 * i;
}

/** JPEG, boxes as XML, scribbles as polylines, and `list.txt`. */
export async function writeDataset(
  root: string,
  sizes: readonly (readonly [number, number])[],
): Promise<readonly string[]> {
  for (const part of ["JPEGImages", "Annotations", "Scribbles"])
    fs.mkdirSync(path.join(root, part), { recursive: true });
  const ids = sizes.map((_, i) => `bench_${i}`);
  for (const [i, [width, height]] of sizes.entries()) {
    const { image, boxes } = syntheticPhotograph(width, height, FIRST + i);
    const raw = { width, height, channels: 3 as const };
    await sharp(Buffer.from(image.data), { raw })
      .jpeg({ quality: 95 })
      .toFile(path.join(root, "JPEGImages", `${ids[i]}.jpg`));
    const objects = boxes.map(
      ({ xmin, ymin, xmax, ymax }, b) =>
        `<object><name>${VOC.classes[classOf(b)]}</name><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`,
    );
    const size = `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;
    fs.writeFileSync(
      path.join(root, "Annotations", `${ids[i]}.xml`),
      `<annotation>${size}${objects.join("")}</annotation>\n`,
    );
    const strokes = boxes.map(({ xmin, ymin, xmax, ymax }, b) => {
      const y = Math.round((ymin + ymax) / 2);
      return [classOf(b), Math.round(xmin * 0.7 + xmax * 0.3), y, Math.round(xmin * 0.3 + xmax * 0.7), y].join(",");
    });
    const ground = [0, 5, 5, width - 6, 5, width - 6, height - 6].join(",");
    fs.writeFileSync(path.join(root, "Scribbles", `${ids[i]}.txt`), `${[...strokes, ground].join("\n")}\n`);
  }
  fs.writeFileSync(path.join(root, "list.txt"), `${ids.join("\n")}\n`);
  return ids;
}

/** A full-width network's weights by formula: 420 MB, written once. */
export async function formulaWeights(kind: NetworkKind): Promise<string> {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${kind}-full-width.safetensors`);
  if (!fs.existsSync(file)) {
    process.stderr.write(`writing full-width weights (${kind}, 420 MB, once) …\n`);
    const shapes = kind === "affinity" ? affinityShapes(FULL_WIDTH) : seamShapes(FULL_WIDTH, CLASSES);
    const parameters = [...shapes].map(([name, shape]) => [name, formulaParameter(name, shape, 31)] as const);
    await writeSafetensors(file, new Map(parameters));
  }
  return file;
}
