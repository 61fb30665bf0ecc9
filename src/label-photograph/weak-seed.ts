/**
 * The seed label of a photograph: what its weak label says for certain, the ignore value elsewhere. One kind of weak label
 * is taken as it is; several are merged by the rule of `make-seeds` (seeds/mixed-rule.ts), with superpixels and GrabCut where they
 * are asked for.
 */

import type { Supervision } from "../config/label-photograph";
import type { SeedRuleConfig } from "../config/seed-rule";
import { boxSeed } from "../data/box-seed";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { drawPoints, withRim } from "../data/points";
import { UserError } from "../errors";
import { cutBoxes, type GrabCutAnswer, sharedGrabCut } from "../seeds/grabcut";
import { mixedRule } from "../seeds/mixed-rule";
import { drawnPixels } from "../seeds/point-rule";
import { fillUnknown } from "../seeds/seed-image";
import { superpixelsOfPhotograph } from "../seeds/superpixels";
import type { CheckedLabels } from "./checked-labels";

export interface WeakSeed {
  readonly label: LabelMap;
  /** The pixels of strokes and clicks alone, which hold to the end; absent where nothing was drawn. */
  readonly drawn?: LabelMap;
  readonly notices: readonly string[];
}

export type SeedLabels = Pick<CheckedLabels, "clicks" | "boxes" | "strokes" | "seed" | "tags">;

export interface WeakSeedRule extends SeedRuleConfig {
  /** Where there are clicks and nothing says background, a rim this wide does; 0: none. */
  readonly pointRim: number;
}

/** The kind that a weak label is treated as: of several the most telling one; undefined where there is nothing. */
export function supervisionOf({
  boxes,
  strokes,
  clicks,
  maps,
  seed,
}: SeedLabels & { readonly maps?: unknown }): Supervision | undefined {
  if (boxes.length > 0) return "box";
  if (strokes !== undefined) return "scribble";
  if (clicks.length > 0) return "point";
  if (maps !== undefined) return "image";
  return seed === undefined ? undefined : "scribble";
}

/**
 * @param labels with a seed label boxes make no seeds of their own; clicks and strokes are drawn over it
 * @param cuts GrabCut's answer for each box, where the rule asks for it
 * @throws UserError "input" where every pixel is unknown
 */
export function weakSeed(
  labels: SeedLabels,
  image: RgbImage,
  dataset: DatasetDescription,
  rule: WeakSeedRule,
  cuts: readonly GrabCutAnswer[] = [],
): WeakSeed {
  const { ignore } = dataset;
  const { pointRim } = rule;
  const { label: merged, notices } = mergedSeed(labels, image, dataset, rule, cuts);
  const needsRim = labels.clicks.length > 0 && labels.seed === undefined && pointRim > 0 && !merged.data.includes(0);
  const label = needsRim ? { ...merged, data: withRim(merged.data, image, ignore, pointRim) } : merged;
  const rim = needsRim ? ["no click on the background: the rim counts as background (--point-rim)"] : [];
  const { width, height } = image;
  const data = drawnPixels(labels.clicks, labels.strokes?.data, image, ignore);
  const all = [...notices, ...rim, ...checkSeeds(label, ignore)];
  return { label, ...(data === undefined ? {} : { drawn: { width, height, data } }), notices: all };
}

/**
 * What GrabCut finds in each box, for `weakSeed`: nothing where it is not asked for, or where a seed label says it already.
 * @param threads that the cuts share
 */
export async function cutsOf(
  { boxes, clicks, strokes, seed }: SeedLabels,
  image: RgbImage,
  { ignore }: DatasetDescription,
  { grabCut: isAsked, grabCutIterations: iterations, grabCutPixels: maxPixels }: SeedRuleConfig,
  threads: number = 1,
): Promise<readonly GrabCutAnswer[]> {
  if (!isAsked || seed !== undefined || boxes.length === 0) return [];
  const grabCut = sharedGrabCut({ iterations, maxPixels, threads });
  return cutBoxes(grabCut, image, { boxes, points: clicks, strokes: strokes?.data }, ignore);
}

function mergedSeed(
  labels: SeedLabels,
  image: RgbImage,
  dataset: DatasetDescription,
  rule: WeakSeedRule,
  cuts: readonly GrabCutAnswer[],
): WeakSeed {
  const { clicks, boxes, strokes, seed, tags } = labels;
  const { classes, ignore } = dataset;
  const { width, height } = image;
  const discs = clicks.length > 0 ? drawPoints(clicks, image, ignore, rule.pointRadius) : undefined;
  if (seed !== undefined) {
    const drawn = discs && strokes ? fillUnknown(strokes.data, discs.data, ignore) : (strokes ?? discs)?.data;
    const data = drawn === undefined ? seed.data : fillUnknown(drawn, seed.data, ignore);
    return { label: { width, height, data }, notices: [] };
  }
  const kinds = [discs, strokes, boxes.length > 0 ? boxes : undefined].filter((kind) => kind !== undefined);
  if (kinds.length > 1 || (kinds.length === 1 && (rule.superpixels || (rule.grabCut && boxes.length > 0)))) {
    const options = { area: rule.superpixelArea, compactness: rule.superpixelCompactness };
    const seedImage = {
      image,
      classes,
      ignore,
      superpixels: () => superpixelsOfPhotograph(image, options),
      ...(tags === undefined ? {} : { tags }),
    };
    const weak = { points: clicks, boxes, ...(strokes === undefined ? {} : { strokes: strokes.data }) };
    return mixedRule(seedImage, weak, cuts, { ...rule, ...NO_MAPS, pointRim: 0 });
  }
  return { label: discs ?? strokes ?? boxSeed(boxes, image, ignore), notices: [] };
}

/** Class activation maps come in later, by the random walk. */
const NO_MAPS = { camLabel: false, tagsOnly: true, scribbleRest: "unknown" } as const;

/** Seeds of one kind only are legitimate, if odd (that loss is 0); without any there is nothing to learn from. */
function checkSeeds({ data }: LabelMap, ignore: number): string[] {
  const background = data.includes(0);
  const foreground = data.some((label) => label !== 0 && label !== ignore);
  if (!background && !foreground) throw new UserError("input", "no seeds: every pixel of the seed label is unknown");
  return [...(background ? [] : ["no background seeds"]), ...(foreground ? [] : ["no foreground seeds"])];
}
