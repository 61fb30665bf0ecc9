/** What a folder holds before anything is computed: photographs, their sizes, and which kind of weak label each has. */

import { createHash } from "node:crypto";
import type { LearnConfig } from "../config/learn";
import type { DatasetDescription } from "../data/dataset";
import { findImage, readSize } from "../data/image";
import { readImageList } from "../data/image-list";
import { listImages } from "../data/list-images";
import { messageOf, UserError } from "../errors";
import type { ImageFailure } from "../running/step";
import { openWeakLabels, type WeakLabelKind, type WeakLabelsOfImage } from "../steps/sources/weak-label-source";

export interface Survey {
  readonly photographs: readonly Surveyed[];
  readonly split: string;
  readonly notices: readonly string[];
  /** Photographs whose weak label cannot be used: they count as unlabelled. */
  readonly failed: readonly ImageFailure[];
}

export interface Surveyed {
  readonly id: string;
  readonly pixels: number;
  /** The most telling kind it has; undefined: no weak label. */
  readonly kind?: WeakLabelKind;
  /** Foreground classes that the weak label names. */
  readonly classes: readonly number[];
  /** Of the weak label's content: tells whether it has changed since an earlier run. */
  readonly mark: string;
}

/** @throws UserError "input" where there are no photographs, or none has a weak label */
export async function surveyFolder(
  config: LearnConfig,
  dataset: DatasetDescription,
  isListStated: boolean,
): Promise<Survey> {
  const { voc12Root, supervision, labelledList } = config;
  const found = await listImages(voc12Root, config.list, isListStated);
  const labelled = labelledList === undefined ? undefined : new Set((await readImageList(labelledList, voc12Root)).ids);
  const weakLabels = await openWeakLabels({ voc12Root, supervision: "mixed" }, dataset);
  const failed: ImageFailure[] = [];
  const photographs: Surveyed[] = [];
  for (const id of found.ids) {
    try {
      const size = await readSize(await findImage(voc12Root, id));
      const pixels = size.width * size.height;
      const counts = labelled === undefined || labelled.has(id);
      const weak = counts ? wanted(await weakLabels.labelsOf(id, size), supervision) : NOTHING;
      photographs.push({ id, pixels, ...of(weak, dataset.ignore) });
    } catch (error) {
      failed.push({ image: id, reason: messageOf(error) });
    }
  }
  if (!photographs.some(({ kind }) => kind !== undefined)) {
    const kinds = supervision === "mixed" ? "boxes, clicks or strokes" : supervision;
    throw new UserError(
      "input",
      `expected ${kinds} for at least one of ${found.ids.length} photographs, got none (${voc12Root}); a2gnn annotate ${voc12Root} draws some`,
    );
  }
  return { photographs, split: found.split, notices: [...found.notices, ...weakLabels.notices], failed };
}

/** The kinds that count. */
export function wanted(weak: WeakLabelsOfImage, supervision: LearnConfig["supervision"]): WeakLabelsOfImage {
  const takes = (kind: WeakLabelKind): boolean => supervision === "mixed" || supervision === kind;
  const { boxes, points, strokes, notices } = weak;
  return {
    boxes: takes("box") ? boxes : [],
    points: takes("point") ? points : [],
    ...(takes("scribble") && strokes !== undefined ? { strokes } : {}),
    notices,
  };
}

const NOTHING: WeakLabelsOfImage = { boxes: [], points: [], notices: [] };

function of({ boxes, points, strokes }: WeakLabelsOfImage, ignore: number): Omit<Surveyed, "id" | "pixels"> {
  const drawn = strokes?.some((label) => label !== ignore) === true;
  const kind = boxes.length > 0 ? "box" : drawn ? "scribble" : points.length > 0 ? "point" : undefined;
  const named = new Set([...boxes, ...points].map((each) => each.class));
  for (const label of strokes ?? []) named.add(label);
  for (const label of [0, ignore]) named.delete(label);
  const hash = createHash("sha256").update(JSON.stringify([boxes, points]));
  if (strokes !== undefined) hash.update(strokes);
  const mark = kind === undefined ? "none" : hash.digest("hex").slice(0, 16);
  return { ...(kind === undefined ? {} : { kind }), classes: [...named].sort((a, b) => a - b), mark };
}
