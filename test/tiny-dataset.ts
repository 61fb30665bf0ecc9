/** A data set of a few tiny pictures in VOC layout, made on the spot: a coloured rectangle on a striped ground. */

import fs from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { encodeLabel } from "../src/data/label-png";
import { VOC } from "../src/data/voc";
import { encodeCams } from "../src/seam/cam-dictionary";

export const SIZE = { width: 44, height: 36 } as const;
export const CLASSES = ["background", "brick", "leaf"] as const;
export const IGNORE = 255;

/** Where the object of image `index` is, ends included, and its class. */
export function objectOf(index: number): { xmin: number; ymin: number; xmax: number; ymax: number; class: number } {
  return { xmin: 8 + 3 * index, ymin: 7, xmax: 27 + 3 * index, ymax: 26, class: 1 + (index % 2) };
}

export function idOf(index: number): string {
  return `img${index}`;
}

/** Writes images, boxes, scribbles, clicks, masks, seed labels, class activation maps and the list `train.txt`. */
export async function writeTinyDataset(root: string, count = 2): Promise<void> {
  const folder = (...names: string[]): string => {
    const full = path.join(root, ...names);
    fs.mkdirSync(full, { recursive: true });
    return full;
  };
  const ids = Array.from({ length: count }, (_, index) => idOf(index));
  fs.writeFileSync(path.join(folder(), "dataset.json"), JSON.stringify({ classes: CLASSES, ignore: IGNORE }));
  fs.writeFileSync(path.join(folder("ImageSets", "Segmentation"), "train.txt"), `${ids.join("\n")}\n`);
  const points: Record<string, unknown> = {};
  for (const [index, id] of ids.entries()) {
    const { width, height } = SIZE;
    const box = objectOf(index);
    const inside = (x: number, y: number): boolean => x >= box.xmin && x <= box.xmax && y >= box.ymin && y <= box.ymax;
    const mask = map((x, y) => (inside(x, y) ? box.class : 0));
    await writePhotograph(path.join(folder("JPEGImages"), `${id}.${index % 2 === 0 ? "jpg" : "png"}`), index);
    fs.writeFileSync(path.join(folder("Annotations"), `${id}.xml`), boxXml([{ ...box, name: CLASSES[box.class] }]));
    writeTinyLabel(path.join(folder("SegmentationClass"), `${id}.png`), mask);
    const seed = map((x, y) => (x % 3 === 0 && y % 3 === 0 ? mask[y * width + x] : IGNORE));
    writeTinyLabel(path.join(folder("SeedLabel"), `${id}.png`), seed);
    const middle = [(box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2];
    const strokes = [
      [box.class, box.xmin + 4, middle[1], box.xmax - 4, middle[1]],
      [0, 2, height - 3, width - 3, height - 3],
    ];
    fs.writeFileSync(path.join(folder("Scribbles"), `${id}.txt`), strokes.map((stroke) => stroke.join(",")).join("\n"));
    points[id] = {
      fg: [{ x: middle[0], y: middle[1], cls: box.class }],
      bg: [{ x: 3, y: height - 4, cls: 0 }],
    };
    const cam = Float32Array.from(mask, (label) => (label === 0 ? 0.05 : 0.9));
    fs.writeFileSync(path.join(folder("cam"), `${id}.npy`), encodeCams({ ...SIZE, maps: new Map([[box.class, cam]]) }));
  }
  fs.writeFileSync(path.join(root, "points.json"), JSON.stringify(points));
}

export function map(valueAt: (x: number, y: number) => number): Uint8Array {
  const { width, height } = SIZE;
  return Uint8Array.from({ length: width * height }, (_, i) => valueAt(i % width, Math.floor(i / width)));
}

export function writeTinyLabel(file: string, data: Uint8Array, size: { width: number; height: number } = SIZE): void {
  fs.writeFileSync(file, encodeLabel({ ...size, data }, VOC.palette));
}

export function boxXml(
  objects: readonly { name: string; xmin: unknown; ymin: unknown; xmax: unknown; ymax: unknown }[],
): string {
  const object = ({ name, ...sides }: (typeof objects)[number]): string => {
    const { xmin, ymin, xmax, ymax } = sides;
    const box = Object.entries({ xmin, ymin, xmax, ymax }).map(([side, value]) => `<${side}>${value}</${side}>`);
    return `<object><name>${name}</name><bndbox>${box.join("")}</bndbox></object>`;
  };
  return `<annotation>${objects.map(object).join("")}</annotation>`;
}

async function writePhotograph(file: string, index: number): Promise<void> {
  const { width, height } = SIZE;
  const box = objectOf(index);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = x >= box.xmin && x <= box.xmax && y >= box.ymin && y <= box.ymax;
      const stripe = 20 * (Math.floor((x + y) / 3) % 2);
      const colour = !inside
        ? [90 + stripe, 120 + stripe, 200]
        : box.class === 1
          ? [190, 60 + stripe, 40]
          : [40, 150, 30];
      data.set(colour, 3 * (y * width + x));
    }
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  await (file.endsWith(".png") ? image.png() : image.jpeg({ quality: 95 })).toFile(file);
}
