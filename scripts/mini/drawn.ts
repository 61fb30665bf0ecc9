/** Random scenes as a data set of pictures and weak labels: no mask, nothing that a network could cheat with. */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../src/atomic-write";
import type { Reporter } from "../../src/running/reporter";
import { datasetText, jpegOf, miniClasses, miniDataset } from "./dataset";
import { render } from "./render";
import type { Scene } from "./scenes";
import { weakLabelFiles } from "./weak-label-files";

/** Draws the scenes of the numbers 1 to `count` into `root`, in VOC's layout, unless they are there. */
export async function drawWeaklyLabelled(
  root: string,
  sceneOf: (number: number) => Scene,
  count: number,
  reporter: Reporter,
): Promise<void> {
  const list = path.join(root, "ImageSets", "Segmentation", "train.txt");
  const ids = Array.from({ length: count }, (_, i) => sceneOf(i + 1).id);
  if ((await fs.readFile(list, "utf8").catch(() => "")) === listText(ids)) return;
  const weakLabels = weakLabelFiles(root);
  for (let number = 1; number <= count; number++) {
    const scene = sceneOf(number);
    const rendering = render(scene, miniClasses, miniDataset.ignore);
    await writeAtomic(path.join(root, "JPEGImages", `${scene.id}.jpg`), await jpegOf(rendering));
    await weakLabels.add(scene, rendering);
    reporter.progress({ done: number, total: count, label: scene.id, unit: "scene" });
  }
  reporter.finish();
  await weakLabels.finish();
  await writeAtomic(path.join(root, "dataset.json"), datasetText(miniDataset));
  await writeAtomic(list, listText(ids)); // last: where it is, all is there
}

function listText(ids: readonly string[]): string {
  return `${ids.join("\n")}\n`;
}
