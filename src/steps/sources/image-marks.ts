/** The marks of the objects of an image: each box, each click or clicks of one id, each stroke. */

import type { Supervision } from "../../config/make-pseudo-labels";
import type { ImageSize } from "../../data/dataset";
import type { LabelMap } from "../../data/label-png";
import type { Point } from "../../data/points";
import type { Box } from "../../data/voc-boxes";
import { UserError } from "../../errors";
import type { InstanceMark } from "../../instances/instance-mark";
import { boxMarks, clickMarks, strokeMarks } from "../../instances/mark-sources";

export interface MarkedImage {
  readonly id: string;
  readonly boxes: readonly Box[];
  readonly clicks: readonly Point[];
  readonly strokes?: LabelMap;
}

/** @param kind of several kinds of weak label the one that tells objects apart @throws UserError "input" for image tags */
export function marksOf(
  kind: Supervision,
  { id, boxes, clicks, strokes }: MarkedImage,
  size: ImageSize,
  ignore: number,
): readonly InstanceMark[] {
  if (kind === "box") return boxMarks(boxes);
  if (kind === "point") return clickMarks(clicks, size, `clicks of image "${id}"`);
  if (kind === "scribble") return strokes === undefined ? [] : strokeMarks(strokes, ignore);
  throw new UserError("input", "--instances needs boxes, clicks or strokes: image tags name no objects");
}
