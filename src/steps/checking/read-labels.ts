/**
 * The weak labels of a photograph as the steps would read them; and where a class name is none of the data set's, once more
 * with that name as a class of its own, so that every unknown name is found and its labels can be drawn.
 */

import { type DatasetDescription, type ImageSize, UnknownClassError } from "../../data/dataset";
import { messageOf, UserError } from "../../errors";
import {
  openWeakLabels,
  type WeakLabelConfig,
  type WeakLabelSource,
  type WeakLabelsOfImage,
} from "../sources/weak-label-source";

export interface ReadLabels {
  /** Undefined where they cannot be read. */
  readonly labels?: WeakLabelsOfImage;
  /** By index; unknown names stand behind the data set's own. */
  readonly dataset: DatasetDescription;
  /** Why a step would fail. */
  readonly problem?: string;
}

export interface LabelReader {
  readonly notices: readonly string[];
  labelsOf(id: string, size: ImageSize): Promise<ReadLabels>;
}

/** @throws UserError "input" where a file that was named is unusable as a whole */
export async function openLabelReader(config: WeakLabelConfig, dataset: DatasetDescription): Promise<LabelReader> {
  const source = await openWeakLabels(config, dataset);
  const classes = [...dataset.classes];
  const tolerant: DatasetDescription = { ...dataset, classes };
  let second: WeakLabelSource | undefined;
  return {
    notices: source.notices,
    async labelsOf(id, size) {
      try {
        return { labels: await source.labelsOf(id, size), dataset: tolerant };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const problem = messageOf(error);
        if (!(error instanceof UnknownClassError)) return { dataset: tolerant, problem };
        second ??= await openWeakLabels(config, tolerant);
        return {
          labels: await withUnknown(second, id, size, error, classes, dataset.ignore),
          dataset: tolerant,
          problem,
        };
      }
    },
  };
}

/** Adds names to `classes` until it has every one that the photograph's labels use. */
async function withUnknown(
  source: WeakLabelSource,
  id: string,
  size: ImageSize,
  first: UnknownClassError,
  classes: string[],
  ignore: number,
): Promise<WeakLabelsOfImage | undefined> {
  let error: unknown = first;
  while (error instanceof UnknownClassError) {
    const fresh = error.names.filter((name) => !classes.includes(name));
    for (const name of fresh) {
      if (classes.length === ignore) classes.push(UNUSED); // the number of unknown pixels stays that
      if (classes.length < MAX_CLASSES) classes.push(name);
    }
    if (fresh.length === 0 || classes.length >= MAX_CLASSES) return undefined;
    try {
      return await source.labelsOf(id, size);
    } catch (next) {
      error = next;
    }
  }
  return undefined;
}

const MAX_CLASSES = 254;
const UNUSED = "\u0000";
