/** What was drawn, as `labelPhotograph` takes it, and the rule that what was drawn stands in the label. */

import type { DatasetDescription, ImageSize } from "../data/dataset";
import type { LabelMap } from "../data/label-png";
import { drawPolyline } from "../data/polyline";
import { SCRIBBLE_WIDTH } from "../data/scribbles";
import type { WeakLabels } from "../label-photograph/weak-labels";
import { drawPins } from "./pinned-regions";
import type { Shapes } from "./protocol";

/** @param picture strokes that are there as a picture, under the polylines */
export function weakLabelsOfShapes(
  shapes: Shapes,
  picture: LabelMap | undefined,
  size: ImageSize,
  { ignore }: Pick<DatasetDescription, "ignore">,
): WeakLabels {
  const { boxes, strokes, clicks, pins } = shapes;
  const polylinesOnly = picture === undefined && pins.length === 0;
  const drawn = strokes.length > 0 || !polylinesOnly;
  return {
    ...(boxes.length > 0 ? { boxes } : {}),
    ...(clicks.length > 0 ? { clicks } : {}),
    ...(drawn ? { strokes: polylinesOnly ? strokes : drawnPixels(shapes, picture, size, ignore) } : {}),
  };
}

/** Whether anything at all was drawn. */
export function isEmpty({ boxes, strokes, clicks, pins }: Shapes, picture: LabelMap | undefined): boolean {
  return boxes.length + strokes.length + clicks.length + pins.length === 0 && picture === undefined;
}

/** Every pixel that a person named, by stroke or pin; a pin is not drawn over. `ignore` elsewhere. */
export function drawnPixels(
  { strokes, pins }: Shapes,
  picture: LabelMap | undefined,
  { width, height }: ImageSize,
  ignore: number,
): LabelMap {
  const data = picture?.data.slice() ?? new Uint8Array(width * height).fill(ignore);
  for (const { class: label, points } of strokes) drawPolyline(data, { width, height }, points, SCRIBBLE_WIDTH, label);
  drawPins(pins, data);
  return { width, height, data };
}

/** The label with every drawn pixel as it was drawn. */
export function withDrawnPixels(label: LabelMap, drawn: LabelMap, ignore: number): LabelMap {
  const data = label.data.slice();
  for (let i = 0; i < data.length; i++) if (drawn.data[i] !== ignore) data[i] = drawn.data[i];
  return { ...label, data };
}
