/** One photograph and all that belongs to it, read as the steps would read it. */

import path from "node:path";
import type { CheckConfig } from "../../config/check";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { readFittedLabel } from "../../data/fitted-label";
import { findImage, type RgbImage, readRgb } from "../../data/image";
import { type ImageTags, readImageTags } from "../../data/image-tags";
import { annotatedIn } from "../../data/orientation";
import { messageOf, UserError } from "../../errors";
import type { WeakLabelsOfImage } from "../sources/weak-label-source";
import { openLabelReader } from "./read-labels";

export interface Examined {
  readonly id: string;
  /** Undefined where the photograph cannot be read. */
  readonly photograph?: { readonly file: string; readonly image: RgbImage };
  readonly labels?: WeakLabelsOfImage;
  /** Class names by the index that `labels` use: the data set's, and behind them names that are none of it. */
  readonly classes: readonly string[];
  /** Classes that the image is tagged with. */
  readonly tags?: readonly string[];
  readonly hasTrueLabel: boolean;
  /** Why steps would fail. */
  readonly reasons: readonly string[];
  readonly notices: readonly string[];
}

export interface Examiner {
  /** What concerns the folder as a whole. */
  readonly notices: readonly string[];
  /** The file of image tags, where there is one. */
  readonly tagFile?: string;
  /** Never fails: what is wrong is among the reasons. */
  examine(id: string): Promise<Examined>;
}

/** The reason of a photograph without any weak label. */
const NO_LABEL = "no weak label: no box, click, stroke or tag in any format";

/** @throws UserError "input" where a file that was named is unusable as a whole */
export async function openExaminer(config: CheckConfig, dataset: DatasetDescription): Promise<Examiner> {
  const reader = await openLabelReader({ ...config, supervision: "mixed" }, dataset);
  const tags = await openTags(config, dataset);
  const masks = config.gt ?? path.join(config.voc12Root, "SegmentationClass");
  return {
    notices: reader.notices,
    ...(tags === undefined ? {} : { tagFile: tags.source }),
    async examine(id) {
      const reasons: string[] = [];
      const orReason = async <T>(work: () => Promise<T>): Promise<T | undefined> =>
        work().catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          reasons.push(messageOf(error));
          return undefined;
        });
      const photograph = await orReason(async () => {
        const file = await findImage(config.voc12Root, id);
        return { file, image: annotatedIn(await readRgb(file), config.annotationFrame) };
      });
      if (photograph === undefined) return { id, classes: dataset.classes, hasTrueLabel: false, reasons, notices: [] };
      const { image } = photograph;
      const { labels, dataset: named, problem } = await reader.labelsOf(id, image);
      if (problem !== undefined) reasons.push(problem);
      const places = await orReason(async () => tags?.tagsOf(id));
      const mask = path.join(masks, `${id}.png`);
      const hasTrueLabel = await fileExists(mask);
      if (hasTrueLabel) await orReason(() => readFittedLabel(mask, image, dataset, "true label"));
      if (problem === undefined && !isLabelled(labels) && tags === undefined) reasons.push(NO_LABEL);
      const notices = [...(image.notices ?? []), ...(labels?.notices ?? [])];
      const common = { id, photograph, labels, classes: named.classes, hasTrueLabel, reasons, notices };
      return places === undefined ? common : { ...common, tags: places.map((index) => dataset.classes[index]) };
    },
  };
}

/** Tags of a file; the object names of XML annotations are counted with their boxes. */
async function openTags(config: CheckConfig, dataset: DatasetDescription): Promise<ImageTags | undefined> {
  const tags = await readImageTags(config.voc12Root, dataset, config.tags, config.tagsForm);
  return tags.source === path.join(config.voc12Root, "Annotations") ? undefined : tags;
}

export function isLabelled(labels: WeakLabelsOfImage | undefined): boolean {
  return labels !== undefined && (labels.boxes.length > 0 || labels.points.length > 0 || labels.strokes !== undefined);
}
