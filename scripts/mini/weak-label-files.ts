/** The weak labels of drawn scenes as files in the VOC layout: boxes, strokes, clicks, tags. */

import path from "node:path";
import { writeAtomic } from "../../src/atomic-write";
import type { ImageSize } from "../../src/data/dataset";
import { writeLabel } from "../../src/data/label-png";
import { drawPolyline } from "../../src/data/polyline";
import { SCRIBBLE_WIDTH } from "../../src/data/scribbles";
import { miniClasses, miniDataset } from "./dataset";
import type { Rendering } from "./render";
import type { Scene } from "./scenes";
import { boxesOf, type Clicks, clicksOf, type NamedBox, type Polyline, scribblesOf, tagsOf } from "./weak-labels";

export interface WeakLabelFiles {
  /** Boxes and strokes at once; clicks and tags are kept for `finish`. */
  add(scene: Scene, rendering: Rendering): Promise<void>;
  /** Writes the files that all images share. */
  finish(): Promise<void>;
}

export function weakLabelFiles(root: string): WeakLabelFiles {
  const clicks: Record<string, Clicks> = {};
  const tags: Record<string, number[]> = {};
  return {
    async add(scene, rendering) {
      const { width, height } = rendering;
      const xml = annotation(scene, rendering, boxesOf(scene, rendering));
      await writeAtomic(path.join(root, "Annotations", `${scene.id}.xml`), xml);
      const strokes = scribblesOf(scene, rendering, miniClasses);
      await writeAtomic(path.join(root, "Scribbles", `${scene.id}.txt`), polylineText(strokes));
      const drawn = { width, height, data: drawStrokes(strokes, { width, height }) };
      await writeLabel(path.join(root, "Scribbles", `${scene.id}.png`), drawn, miniDataset.palette);
      clicks[scene.id] = clicksOf(scene, rendering, miniClasses);
      tags[scene.id] = tagsOf(scene, rendering, miniClasses).map((label) => label - 1);
    },
    async finish() {
      await writeAtomic(path.join(root, "points.json"), `${JSON.stringify(clicks, null, 1)}\n`);
      await writeAtomic(path.join(root, "cls_labels.json"), `${JSON.stringify(tags)}\n`);
    },
  };
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
