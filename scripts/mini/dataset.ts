/** What the drawn data sets have in common on disk: classes, palette, and how a picture is encoded. */

import sharp from "sharp";
import type { DatasetDescription } from "../../src/data/dataset";
import type { Rendering } from "./render";
import { type ThingName, things } from "./things";

export const miniDataset: DatasetDescription = {
  classes: ["background", ...Object.keys(things)],
  palette: [
    [0, 0, 0],
    [214, 69, 65],
    [92, 184, 72],
    [66, 133, 220],
    [240, 173, 48],
    [160, 90, 200],
  ],
  ignore: 255,
};

/** Class index of each kind of thing. */
export const miniClasses = Object.fromEntries(Object.keys(things).map((name, i) => [name, i + 1])) as Record<
  ThingName,
  number
>;

export function jpegOf({ width, height, rgb }: Rendering): Promise<Buffer> {
  const raw = { width, height, channels: 3 as const };
  return sharp(Buffer.from(rgb), { raw }).jpeg({ quality: 88, chromaSubsampling: "4:4:4" }).toBuffer();
}

/** `dataset.json`. */
export function datasetText({ classes, palette, ignore }: DatasetDescription): string {
  const colours = palette.map((colour) => `    [${colour.join(", ")}]`).join(",\n");
  return `{\n  "classes": ${JSON.stringify(classes)},\n  "palette": [\n${colours}\n  ],\n  "ignore": ${ignore}\n}\n`;
}
