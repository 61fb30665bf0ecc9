/** The report's pictures as data URIs: enlarged so that single pixels can be seen, JPEG so that the page stays small. */

import sharp from "sharp";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { overlayPicture } from "../show/overlay";

const ENLARGE = 2;

export async function photographUri({ width, height, data }: RgbImage): Promise<string> {
  return uriOf(sharp(Buffer.from(data), { raw: { width, height, channels: 3 } }), width, height);
}

export async function labelUri(rgb: RgbImage, label: LabelMap, dataset: DatasetDescription): Promise<string> {
  return photographUri(overlayPicture(rgb, label, dataset, { opacity: 0.65 }));
}

async function uriOf(picture: sharp.Sharp, width: number, height: number): Promise<string> {
  const enlarged = picture.resize(width * ENLARGE, height * ENLARGE, { kernel: "nearest", fit: "fill" });
  const bytes = await enlarged.jpeg({ quality: 82 }).toBuffer();
  return `data:image/jpeg;base64,${bytes.toString("base64")}`;
}
