/** A true label and its prediction, in one frame and of one size: what is compared, pictured and counted. */

import fs from "node:fs/promises";
import path from "node:path";
import type { AnnotationFrame } from "../../config/images";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { fittedLabel } from "../../data/fitted-label";
import { readSize } from "../../data/image";
import { type LabelFile, type LabelMap, readLabelFile } from "../../data/label-png";
import { annotatedIn } from "../../data/orientation";
import { findImage } from "../../data/photographs";
import { UserError } from "../../errors";

export interface LabelPair {
  readonly truth: LabelMap;
  readonly prediction: LabelMap;
}

/** Folders of true labels, of predictions, and the data folder. */
export interface LabelFolders {
  readonly gt: string;
  readonly pred: string;
  readonly root: string;
  /** Folder of the true labels. */
  readonly annotationFrame?: AnnotationFrame;
}

/** @throws UserError "input" where one is missing or unusable, or they are not of one photograph */
export async function readLabelPair(
  id: string,
  { gt, pred, root, annotationFrame }: LabelFolders,
  dataset: DatasetDescription,
): Promise<LabelPair> {
  const truth = await readLabelOf(gt, id, "ground truth");
  const prediction = await readLabelOf(pred, id, "prediction");
  const size = await photographSize(id, root, [truth.label, prediction.label], annotationFrame === "stored");
  const named = { truth: `ground truth ${path.join(gt, id)}.png`, prediction: `prediction ${path.join(pred, id)}.png` };
  const fitted = fittedLabel(truth, size && annotatedIn(size, annotationFrame), dataset, named.truth);
  return { truth: fitted, prediction: fittedLabel(prediction, size ?? fitted, dataset, named.prediction) };
}

/**
 * How the photograph is displayed, where the labels are not both as it is anyway: of another size than each other, or in the
 * stored frame. Undefined otherwise, or where there is no photograph: labels alone can be compared as well.
 */
async function photographSize(
  id: string,
  root: string,
  [truth, prediction]: readonly LabelMap[],
  stored: boolean,
): Promise<ImageSize | undefined> {
  const same = truth.width === prediction.width && truth.height === prediction.height;
  if (same && truth.frame === prediction.frame && !stored) return undefined;
  const file = await findImage(root, id).catch(() => undefined);
  if (file !== undefined) return readSize(file);
  if (!same) return undefined;
  throw new UserError("input", `expected the photograph of "${id}" to turn its label by, got none (${root})`);
}

async function readLabelOf(folder: string, id: string, what: string): Promise<LabelFile> {
  const file = path.join(folder, `${id}.png`);
  const exists = await fs.access(file).then(
    () => true,
    () => false,
  );
  if (!exists) throw new UserError("input", `no ${what}: ${file} is missing`);
  return readLabelFile(file);
}
