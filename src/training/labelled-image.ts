/** A photograph with its label, read for training: same size, known classes, or an error that names the file. */

import path from "node:path";
import { findImage, type RgbImage, readRgb } from "../data/image";
import { type LabelMap, readLabel } from "../data/label-png";
import { expected } from "../errors";

/** Plain data: workers get it. */
export interface LabelledImages {
  readonly voc12Root: string;
  readonly labelDir: string;
  /** Number of classes and value of unknown pixels. */
  readonly classCount: number;
  readonly ignore: number;
}

/** @throws UserError "input" naming the file that cannot be used */
export async function readLabelledImage(
  id: string,
  { voc12Root, labelDir, classCount, ignore }: LabelledImages,
): Promise<{ readonly rgb: RgbImage; readonly label: LabelMap }> {
  const rgb = await readRgb(await findImage(voc12Root, id));
  const file = path.join(labelDir, `${id}.png`);
  const label = await readLabel(file);
  if (label.width !== rgb.width || label.height !== rgb.height)
    throw expected("input", `a label of ${rgb.width}×${rgb.height} pixels`, `${label.width}×${label.height}`, file);
  const wrong = label.data.find((value) => value >= classCount && value !== ignore);
  if (wrong !== undefined)
    throw expected("input", `label values below ${classCount}, or ${ignore} for unknown`, `${wrong}`, file);
  return { rgb, label };
}
