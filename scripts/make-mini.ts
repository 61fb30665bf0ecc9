/**
 * Draws data/mini: `npx tsx scripts/make-mini.ts [folder]`. Scenes → photographs, masks and every kind of weak label in
 * the VOC layout. Deterministic: the same bytes on each run (sharp only encodes the JPEGs).
 */

import path from "node:path";
import { writeAtomic } from "../src/atomic-write";
import type { ImageSize } from "../src/data/dataset";
import { writeLabel } from "../src/data/label-png";
import { drawPolyline } from "../src/data/polyline";
import { SCRIBBLE_WIDTH } from "../src/data/scribbles";
import type { NdArray } from "../src/nd-array";
import { encodeNpyDictionary } from "../src/weights/npy-dictionary";
import { makeCam } from "./mini/cams";
import { datasetText, jpegOf, miniClasses, miniDataset } from "./mini/dataset";
import { type Rendering, render } from "./mini/render";
import { type Scene, scenes } from "./mini/scenes";
import type { ThingName } from "./mini/things";
import { boxesOf, type Clicks, clicksOf, type NamedBox, type Polyline, scribblesOf, tagsOf } from "./mini/weak-labels";

export async function makeMini(root: string): Promise<void> {
  const clicks: Record<string, Clicks> = {};
  const tags: Record<string, number[]> = {};
  for (const scene of scenes) {
    const rendering = render(scene, miniClasses, miniDataset.ignore);
    const { width, height } = rendering;
    await writeAtomic(path.join(root, "JPEGImages", `${scene.id}.jpg`), await jpegOf(rendering));
    const label = { width, height, data: rendering.label };
    await writeLabel(path.join(root, "SegmentationClass", `${scene.id}.png`), label, miniDataset.palette);
    const xml = annotation(scene, rendering, boxesOf(scene, rendering));
    await writeAtomic(path.join(root, "Annotations", `${scene.id}.xml`), xml);
    const strokes = scribblesOf(scene, rendering, miniClasses);
    await writeAtomic(path.join(root, "Scribbles", `${scene.id}.txt`), polylineText(strokes));
    const drawn = { width, height, data: drawStrokes(strokes, { width, height }) };
    await writeLabel(path.join(root, "Scribbles", `${scene.id}.png`), drawn, miniDataset.palette);
    clicks[scene.id] = clicksOf(scene, rendering, miniClasses);
    tags[scene.id] = tagsOf(scene, rendering, miniClasses).map((label) => label - 1);
    if (scene.split === "train") {
      const cams = new Map<number, NdArray>();
      for (const tag of tags[scene.id]) {
        const thing = miniDataset.classes[tag + 1] as ThingName;
        cams.set(tag, { shape: [height, width], data: makeCam(scene, rendering, thing) });
      }
      await writeAtomic(path.join(root, "CAM", `${scene.id}.npy`), encodeNpyDictionary(cams));
    }
  }
  for (const split of ["train", "val"]) {
    const ids = scenes.filter((scene) => scene.split === split).map(({ id }) => id);
    await writeAtomic(path.join(root, "ImageSets", "Segmentation", `${split}.txt`), `${ids.join("\n")}\n`);
  }
  await writeAtomic(path.join(root, "points.json"), `${JSON.stringify(clicks, null, 1)}\n`);
  await writeAtomic(path.join(root, "cls_labels.json"), `${JSON.stringify(tags)}\n`);
  await writeAtomic(path.join(root, "dataset.json"), datasetText(miniDataset));
}

function annotation(scene: Scene, { width, height }: Rendering, boxes: readonly NamedBox[]): string {
  const objects = boxes.map(
    ({ name, xmin, ymin, xmax, ymax, truncated }) =>
      `\t<object>\n\t\t<name>${name}</name>\n\t\t<truncated>${truncated ? 1 : 0}</truncated>\n\t\t<difficult>0</difficult>\n` +
      `\t\t<bndbox>\n\t\t\t<xmin>${xmin}</xmin>\n\t\t\t<ymin>${ymin}</ymin>\n\t\t\t<xmax>${xmax}</xmax>\n\t\t\t<ymax>${ymax}</ymax>\n\t\t</bndbox>\n\t</object>\n`,
  );
  const size = `\t<size>\n\t\t<width>${width}</width>\n\t\t<height>${height}</height>\n\t\t<depth>3</depth>\n\t</size>\n`;
  return `<annotation>\n\t<folder>mini</folder>\n\t<filename>${scene.id}.jpg</filename>\n${size}\t<segmented>1</segmented>\n${objects.join("")}</annotation>\n`;
}

/** One stroke a line: class,x,y,x,y,… */
function polylineText(strokes: readonly Polyline[]): string {
  return strokes.map((stroke) => `${[stroke.class, ...stroke.points.flat()].join(",")}\n`).join("");
}

/** The strokes as the library draws them, later ones over earlier ones; all else unlabelled. */
function drawStrokes(strokes: readonly Polyline[], size: ImageSize): Uint8Array {
  const drawn = new Uint8Array(size.width * size.height).fill(miniDataset.ignore);
  for (const stroke of strokes) drawPolyline(drawn, size, stroke.points.flat(), SCRIBBLE_WIDTH, stroke.class);
  return drawn;
}

if (require.main === module) {
  const root = process.argv[2] ?? path.join(__dirname, "..", "data", "mini");
  makeMini(root).then(
    () => process.stdout.write(`wrote ${scenes.length} images to ${root}\n`),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
