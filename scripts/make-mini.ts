/**
 * Draws data/mini: `npx tsx scripts/make-mini.ts [folder]`. Scenes → photographs, masks and every kind of weak label in
 * the VOC layout. Deterministic: the same bytes on each run (sharp only encodes the JPEGs). What is learned (weights, class
 * activation maps) is made by `npm run mini:weights`.
 */

import path from "node:path";
import { writeAtomic } from "../src/atomic-write";
import { writeLabel } from "../src/data/label-png";
import { datasetText, jpegOf, miniClasses, miniDataset } from "./mini/dataset";
import { InstancesFile } from "./mini/instances-file";
import { render } from "./mini/render";
import { scenes } from "./mini/scenes";
import { weakLabelFiles } from "./mini/weak-label-files";

export async function makeMini(root: string): Promise<void> {
  const weakLabels = weakLabelFiles(root);
  const instances = new InstancesFile(miniDataset);
  for (const scene of scenes) {
    const rendering = render(scene, miniClasses, miniDataset.ignore);
    const { width, height } = rendering;
    await writeAtomic(path.join(root, "JPEGImages", `${scene.id}.jpg`), await jpegOf(rendering));
    const label = { width, height, data: rendering.label };
    await writeLabel(path.join(root, "SegmentationClass", `${scene.id}.png`), label, miniDataset.palette);
    await weakLabels.add(scene, rendering);
    instances.add(scene, rendering);
  }
  for (const split of ["train", "val"]) {
    const ids = scenes.filter((scene) => scene.split === split).map(({ id }) => id);
    await writeAtomic(path.join(root, "ImageSets", "Segmentation", `${split}.txt`), `${ids.join("\n")}\n`);
  }
  await weakLabels.finish();
  await writeAtomic(path.join(root, "instances.json"), instances.text());
  await writeAtomic(path.join(root, "dataset.json"), datasetText(miniDataset));
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
