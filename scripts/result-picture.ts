/**
 * The README's picture: scenes of data/mini with their boxes, the label made of them, and the true label.
 * Usage: npx a2gnn make-pseudo-labels --voc12-root data/mini --infer-list val.txt --supervision box
 *   --weights data/mini/weights/affinity.safetensors --save-path LABELS, then npx tsx scripts/result-picture.ts LABELS ID …
 */

import fs from "node:fs";
import path from "node:path";
import { readDataset } from "../src/data/dataset";
import { findImage, readRgb } from "../src/data/image";
import { readLabel } from "../src/data/label-png";
import { readBoxes } from "../src/data/voc-boxes";
import { overlayPicture } from "../src/show/overlay";
import { type Captioned, pictureGrid } from "../src/show/picture-grid";
import { boxPicture } from "../src/show/pictures";

async function main(): Promise<void> {
  const [labels, ...ids] = process.argv.slice(2);
  const root = path.join(__dirname, "../data/mini");
  const dataset = await readDataset(root);
  const pictures: Captioned[] = [];
  for (const id of ids) {
    const image = await readRgb(await findImage(root, id));
    const { boxes } = await readBoxes(path.join(root, "Annotations", `${id}.xml`), dataset, image);
    pictures.push(
      { picture: boxPicture(image, boxes, dataset), caption: "photograph and boxes" },
      { picture: overlayPicture(image, await readLabel(path.join(labels, `${id}.png`)), dataset), caption: "label" },
      {
        picture: overlayPicture(image, await readLabel(path.join(root, "SegmentationClass", `${id}.png`)), dataset),
        caption: "truth",
      },
    );
  }
  const file = path.join(__dirname, "../docs/result.png");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, await pictureGrid(pictures, { columns: 3, width: 320 }));
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
