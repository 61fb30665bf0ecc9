/** A photograph with its label, read for training: same size, known classes, or an error that names the file. */

import path from "node:path";
import type { AnnotationFrame } from "../config/images";
import type { DatasetDescription } from "../data/dataset";
import { readFittedLabel } from "../data/fitted-label";
import { findImage, type RgbImage, readRgb } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { annotatedIn } from "../data/orientation";

/** Plain data: workers get it. */
export interface LabelledImages {
  readonly voc12Root: string;
  readonly labelDir: string;
  readonly dataset: DatasetDescription;
  /** The data set's value of unknown pixels. */
  readonly ignore: number;
  readonly annotationFrame?: AnnotationFrame;
}

/** @throws UserError "input" naming the file that cannot be used */
export async function readLabelledImage(
  id: string,
  { voc12Root, labelDir, dataset, annotationFrame }: LabelledImages,
): Promise<{ readonly rgb: RgbImage; readonly label: LabelMap }> {
  const rgb = await readRgb(await findImage(voc12Root, id));
  return {
    rgb,
    label: await readFittedLabel(path.join(labelDir, `${id}.png`), annotatedIn(rgb, annotationFrame), dataset, "label"),
  };
}
