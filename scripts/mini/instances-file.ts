/** The true instances of the scenes as COCO's JSON: what is seen of each thing, borders included. */

import type { DatasetDescription } from "../../src/data/dataset";
import { encodeOwners, maskArea, maskBox } from "../../src/instances/rle";
import { cocoRle } from "../../src/instances/write-coco";
import { miniClasses } from "./dataset";
import type { Rendering } from "./render";
import type { Scene } from "./scenes";

export class InstancesFile {
  private readonly images: object[] = [];
  private readonly annotations: object[] = [];

  constructor(private readonly dataset: DatasetDescription) {}

  add({ id, things }: Scene, { width, height, instance }: Rendering): void {
    const image = this.images.push({ id: this.images.length + 1, file_name: `${id}.jpg`, width, height });
    const owners = Int32Array.from(instance, (value) => value - 1);
    for (const [index, mask] of encodeOwners(owners, things.length, { width, height }).entries()) {
      const area = maskArea(mask);
      if (area === 0) continue; // hidden
      this.annotations.push({
        id: this.annotations.length + 1,
        image_id: image,
        category_id: miniClasses[things[index].thing],
        iscrowd: 0,
        area,
        bbox: maskBox(mask),
        segmentation: cocoRle(mask),
      });
    }
  }

  text(): string {
    const categories = this.dataset.classes.flatMap((name, id) => (id === 0 ? [] : [{ id, name }]));
    return `${JSON.stringify({ images: this.images, annotations: this.annotations, categories })}\n`;
  }
}
