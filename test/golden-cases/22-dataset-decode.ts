/** Boxes as the reference reads them, out of the annotation files of the golden data set. */

import assert from "node:assert/strict";
import path from "node:path";
import { findImage, readRgb } from "../../src/data/image";
import { VOC } from "../../src/data/voc";
import { readBoxes } from "../../src/data/voc-boxes";
import type { GoldenHandler } from "../golden-case";

interface Annotation {
  readonly objs: readonly string[];
  readonly boxes: readonly (readonly number[])[];
}

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["22_dataset_decode"],
    async run(golden) {
      const folder = path.join(golden.root, "dataset");
      const annotations = Object.entries(golden.attr<Record<string, Annotation>>("boxes"));
      assert.ok(annotations.length > 0);
      for (const [id, { objs, boxes }] of annotations) {
        const image = await readRgb(await findImage(folder, id));
        const read = await readBoxes(path.join(folder, "Annotations", `${id}.xml`), VOC, image);
        const names = read.boxes.map((box) => VOC.classes[box.class]);
        const sides = read.boxes.map(({ xmin, ymin, xmax, ymax }) => [xmin, ymin, xmax, ymax]);
        assert.deepEqual({ names, sides, notices: read.notices }, { names: objs, sides: boxes, notices: [] }, id);
      }
      return {};
    },
  },
];
