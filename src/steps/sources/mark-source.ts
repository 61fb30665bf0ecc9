/** The marks of the objects of an image, from the weak label that `make-pseudo-labels` reads anyway. */

import path from "node:path";
import type { ResolvedConfig } from "../../config/pseudo-label-presets";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { pointsOf, readPointsFile } from "../../data/points";
import { readScribbles } from "../../data/scribbles";
import type { Box } from "../../data/voc-boxes";
import { UserError } from "../../errors";
import type { InstanceMark } from "../../instances/instance-mark";
import { boxMarks, clickMarks, strokeMarks } from "../../instances/mark-sources";

export type MarkSource = (id: string, size: ImageSize, boxes: readonly Box[]) => Promise<readonly InstanceMark[]>;

/** @throws UserError "usage" where the weak label names no objects */
export async function openMarkSource(config: ResolvedConfig, dataset: DatasetDescription): Promise<MarkSource> {
  const { supervision, voc12Root } = config;
  switch (supervision) {
    case "box":
      return async (_, __, boxes) => boxMarks(boxes);
    case "point": {
      const points = await readPointsFile(config.points ?? path.join(voc12Root, "points.json"));
      return async (id, size) =>
        clickMarks(pointsOf(points, id, dataset, size), size, `image "${id}" in ${points.file}`);
    }
    case "scribble": {
      const folder = config.scribbles ?? path.join(voc12Root, "Scribbles");
      return async (id, size) => {
        const strokes = await readScribbles(folder, id, dataset, size);
        return strokes === undefined ? [] : strokeMarks(strokes.label, dataset.ignore);
      };
    }
    case "image":
      throw new UserError("usage", "--instances needs boxes, clicks or strokes: image tags name no objects");
  }
}
