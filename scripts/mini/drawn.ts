/** Drawn scenes as data sets: pictures and weak labels to learn from, without any mask; or pictures and the truth to judge by. */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../src/atomic-write";
import { writeLabel } from "../../src/data/label-png";
import type { Reporter } from "../../src/running/reporter";
import { datasetText, jpegOf, miniClasses, miniDataset } from "./dataset";
import { InstancesFile } from "./instances-file";
import { type Rendering, render } from "./render";
import type { Scene } from "./scenes";
import { weakLabelFiles } from "./weak-label-files";

/** Draws the scenes of the numbers 1 to `count` into `root`, in VOC's layout, unless they are there. */
export async function drawWeaklyLabelled(
  root: string,
  sceneOf: (number: number) => Scene,
  count: number,
  reporter: Reporter,
): Promise<void> {
  const weakLabels = weakLabelFiles(root);
  const scenes = Array.from({ length: count }, (_, i) => sceneOf(i + 1));
  await draw(
    root,
    scenes,
    (scene, rendering) => weakLabels.add(scene, rendering),
    reporter,
    () => weakLabels.finish(),
  );
}

/** The same of any scenes, with the true masks of their things besides (`instances.json`), which networks may be compared on. */
export async function drawWithInstances(root: string, scenes: readonly Scene[], reporter: Reporter): Promise<void> {
  const weakLabels = weakLabelFiles(root);
  const instances = new InstancesFile(miniDataset);
  const addBoth = async (scene: Scene, rendering: Rendering): Promise<void> => {
    instances.add(scene, rendering);
    await weakLabels.add(scene, rendering);
  };
  await draw(root, scenes, addBoth, reporter, async () => {
    await weakLabels.finish();
    await writeAtomic(path.join(root, "instances.json"), instances.text());
  });
}

/** The same of any scenes, with their masks in place of weak labels. */
export async function drawWithMasks(root: string, scenes: readonly Scene[], reporter: Reporter): Promise<void> {
  const { palette } = miniDataset;
  const addMask = ({ id }: Scene, { width, height, label }: Rendering): Promise<void> =>
    writeLabel(path.join(root, "SegmentationClass", `${id}.png`), { width, height, data: label }, palette);
  await draw(root, scenes, addMask, reporter);
}

async function draw(
  root: string,
  scenes: readonly Scene[],
  addLabels: (scene: Scene, rendering: Rendering) => Promise<unknown>,
  reporter: Reporter,
  finish: () => Promise<void> = async () => {},
): Promise<void> {
  const list = path.join(root, "ImageSets", "Segmentation", "train.txt");
  const ids = scenes.map(({ id }) => id);
  if ((await fs.readFile(list, "utf8").catch(() => "")) === listText(ids)) return;
  for (const [i, scene] of scenes.entries()) {
    const rendering = render(scene, miniClasses, miniDataset.ignore);
    await writeAtomic(path.join(root, "JPEGImages", `${scene.id}.jpg`), await jpegOf(rendering));
    await addLabels(scene, rendering);
    reporter.progress({ done: i + 1, total: scenes.length, label: scene.id, unit: "scene" });
  }
  reporter.finish();
  await finish();
  await writeAtomic(path.join(root, "dataset.json"), datasetText(miniDataset));
  await writeAtomic(list, listText(ids)); // last: where it is, all is there
}

function listText(ids: readonly string[]): string {
  return `${ids.join("\n")}\n`;
}
