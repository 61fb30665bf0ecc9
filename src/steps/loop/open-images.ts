/** What every step over images begins with: the data set, the list of images, and this process's part of it. */

import type { ImagesConfig } from "../../config/images";
import { type DatasetDescription, readDataset } from "../../data/dataset";
import { nearestNames, sameName, stemOf } from "../../data/file-names";
import type { ImageList } from "../../data/image-list";
import { listImages } from "../../data/list-images";
import { UserError } from "../../errors";
import { leftOverRank } from "../../parallel/local-rank";
import { readShard, type Shard, shardOf } from "./shard";

export interface OpenImages {
  readonly dataset: DatasetDescription;
  /** The whole list, of all processes. */
  readonly list: ImageList;
  /** The images of this process. */
  readonly ids: readonly string[];
  readonly shard: Shard;
}

/**
 * @param given the step's options as the user gave them: a list that was not named may be missing
 * @throws UserError "usage" for an unreadable shard, "input" for an unusable data set or list
 */
export async function openImages(config: ImagesConfig, given: Partial<ImagesConfig>): Promise<OpenImages> {
  const shard = readShard(config.shard);
  const dataset = await readDataset(config.voc12Root);
  let list = await listImages(config.voc12Root, config.inferList, given.inferList !== undefined);
  const leftOver = config.shard.trim() === "launched" ? leftOverRank() : undefined;
  if (leftOver !== undefined) list = { ...list, notices: [...list.notices, leftOver] };
  return { dataset, list, ids: shardOf(chosenIds(list.ids, config.only), shard), shard };
}

/** The images that `--only` names, in the list's order. @throws UserError "usage" for a name that is not in the list */
export function chosenIds(ids: readonly string[], only: readonly string[] | undefined): readonly string[] {
  if (only === undefined) return ids;
  const wanted = new Set(only.map((name) => sameName(stemOf(name))));
  const found = ids.filter((id) => wanted.delete(sameName(id)));
  const [missing] = wanted;
  if (missing === undefined) return found;
  const [near] = nearestNames(missing, ids);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new UserError("usage", `no image "${missing}" among the ${ids.length} of the list (--only)${hint}`);
}
