/** The images of a training list that have what a training needs, looked through once before it begins. */

import path from "node:path";
import type { TrainingConfig } from "../config/training";
import { fileExists } from "../data/bounded-file";
import type { DatasetDescription } from "../data/dataset";
import { checkEvidence, evidenceOf, type LabelEvidence, readFittedLabel } from "../data/fitted-label";
import { findImage } from "../data/image";
import { listImages } from "../data/list-images";
import { messageOf, UserError } from "../errors";
import type { ImageFailure } from "../running/step";

export interface UsableImages {
  readonly ids: readonly string[];
  readonly split: string;
  readonly notices: readonly string[];
  /** Without a photograph or a label: named, and left out. */
  readonly failed: readonly ImageFailure[];
}

/**
 * @param stated whether the user named the list
 * @param labels folder of NAME.png that each image needs, and what they may hold; undefined where it needs none
 * @throws UserError "input" for a missing or empty list, where no image is usable, or where labels hold no object at all
 */
export async function usableImages(
  { voc12Root: root, trainList: list }: Pick<TrainingConfig, "voc12Root" | "trainList">,
  stated: boolean,
  labels?: { readonly folder: string; readonly dataset: DatasetDescription },
): Promise<UsableImages> {
  const { ids, split, notices } = await listImages(root, list, stated);
  const usable: string[] = [];
  const failed: ImageFailure[] = [];
  for (const id of ids) {
    const reason = await whyNot(root, id, labels?.folder);
    if (reason === undefined) usable.push(id);
    else failed.push({ image: id, reason });
  }
  if (usable.length === 0)
    throw new UserError("input", `no image of ${list} can be used, e.g. "${failed[0].image}": ${failed[0].reason}`);
  if (labels !== undefined) await checkSample(usable, labels.folder, labels.dataset);
  return { ids: usable, split, notices, failed };
}

/** Labels that are looked at before a training begins, spread over the list. */
const SAMPLE = 8;

/** Training on masks that show no object ends at a loss of 0 and weights that call everything background. */
async function checkSample(ids: readonly string[], folder: string, dataset: DatasetDescription): Promise<void> {
  const sample = ids.filter(
    (_, i) => Math.floor((i * SAMPLE) / ids.length) > Math.floor(((i - 1) * SAMPLE) / ids.length),
  );
  const evidence: LabelEvidence[] = [];
  for (const id of sample) {
    const label = await readFittedLabel(path.join(folder, `${id}.png`), undefined, dataset, "label").catch(
      () => undefined,
    );
    if (label !== undefined) evidence.push(evidenceOf(label, dataset.ignore)); // an unusable one is named when its turn comes
  }
  checkEvidence(evidence, dataset, `labels in ${folder}`);
}

async function whyNot(root: string, id: string, labelDir: string | undefined): Promise<string | undefined> {
  try {
    await findImage(root, id);
  } catch (error) {
    return messageOf(error);
  }
  if (labelDir === undefined) return undefined;
  const file = path.join(labelDir, `${id}.png`);
  return (await fileExists(file)) ? undefined : `no label ${file}`;
}
