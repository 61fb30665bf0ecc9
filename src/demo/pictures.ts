/** The report's pictures as data URIs: enlarged so that single pixels can be seen, JPEG so that the page stays small. */

import sharp from "sharp";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { Box } from "../data/voc-boxes";
import { renderOverlay } from "../show/overlay";

const ENLARGE = 2;

export async function photographUri({ width, height, data }: RgbImage): Promise<string> {
  return uriOf(sharp(Buffer.from(data), { raw: { width, height, channels: 3 } }), width, height);
}

export async function labelUri(rgb: RgbImage, label: LabelMap, dataset: DatasetDescription): Promise<string> {
  const png = renderOverlay(rgb, label, dataset, { legend: false, opacity: 0.65 });
  return uriOf(sharp(Buffer.from(png)), rgb.width, rgb.height);
}

/** The photograph with its boxes in their classes' colours. */
export async function boxesUri(rgb: RgbImage, boxes: readonly Box[], dataset: DatasetDescription): Promise<string> {
  const drawn = { ...rgb, data: rgb.data.slice() };
  for (const { xmin, ymin, xmax, ymax, class: label } of boxes) {
    const [r, g, b] = dataset.palette[label] ?? [255, 255, 255];
    const paint = (x: number, y: number): void => {
      if (x >= 0 && y >= 0 && x < rgb.width && y < rgb.height) drawn.data.set([r, g, b], 3 * (y * rgb.width + x));
    };
    for (let x = xmin; x <= xmax; x++) for (const y of [ymin, ymin + 1, ymax - 1, ymax]) paint(x, y);
    for (let y = ymin; y <= ymax; y++) for (const x of [xmin, xmin + 1, xmax - 1, xmax]) paint(x, y);
  }
  return photographUri(drawn);
}

/** The photograph under a map in [0, 1]: the stronger, the more of the class's colour. */
export async function heatUri(
  rgb: RgbImage,
  maps: ReadonlyMap<number, Float32Array>,
  dataset: DatasetDescription,
): Promise<string> {
  const data = rgb.data.slice();
  for (let pixel = 0; pixel < rgb.width * rgb.height; pixel++) {
    for (let c = 0; c < 3; c++) {
      let value = 0.75 * rgb.data[3 * pixel + c];
      for (const [label, map] of maps) {
        const cover = 0.85 * map[pixel];
        value = value * (1 - cover) + (dataset.palette[label]?.[c] ?? 255) * cover;
      }
      data[3 * pixel + c] = Math.round(value);
    }
  }
  return photographUri({ ...rgb, data });
}

async function uriOf(picture: sharp.Sharp, width: number, height: number): Promise<string> {
  const enlarged = picture.resize(width * ENLARGE, height * ENLARGE, { kernel: "nearest", fit: "fill" });
  const bytes = await enlarged.jpeg({ quality: 82 }).toBuffer();
  return `data:image/jpeg;base64,${bytes.toString("base64")}`;
}
