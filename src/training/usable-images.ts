/** The images of a training list that have what a training needs, looked through once before it begins. */

import path from "node:path";
import type { TrainingConfig } from "../config/training";
import { fileExists } from "../data/bounded-file";
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
 * @param labelDir folder of NAME.png that each image needs; undefined where it needs none
 * @throws UserError "input" for a missing or empty list, or where no image is usable
 */
export async function usableImages(
  { voc12Root: root, trainList: list }: Pick<TrainingConfig, "voc12Root" | "trainList">,
  stated: boolean,
  labelDir?: string,
): Promise<UsableImages> {
  const { ids, split, notices } = await listImages(root, list, stated);
  const usable: string[] = [];
  const failed: ImageFailure[] = [];
  for (const id of ids) {
    const reason = await whyNot(root, id, labelDir);
    if (reason === undefined) usable.push(id);
    else failed.push({ image: id, reason });
  }
  if (usable.length === 0)
    throw new UserError("input", `no image of ${list} can be used, e.g. "${failed[0].image}": ${failed[0].reason}`);
  return { ids: usable, split, notices, failed };
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
