/**
 * The seed label of a photograph: what its weak label says for certain, the ignore value elsewhere. One kind of weak label
 * is taken as it is; several are merged by the rule of `make-seeds` (seeds/mixed-rule.ts), without superpixels and GrabCut.
 */

import { makeSeedsOptions } from "../config/make-seeds";
import { defaultsOf } from "../config/option";
import { boxSeed } from "../data/box-seed";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { drawPoints, withRim } from "../data/points";
import { UserError } from "../errors";
import { type MixedRule, mixedRule } from "../seeds/mixed-rule";
import { drawnPixels } from "../seeds/point-rule";
import { fillUnknown } from "../seeds/seed-image";
import type { CheckedLabels } from "./checked-labels";

export interface WeakSeed {
  readonly label: LabelMap;
  /** The pixels of strokes and clicks alone, which hold to the end; absent where nothing was drawn. */
  readonly drawn?: LabelMap;
  readonly notices: readonly string[];
}

export type SeedLabels = Pick<CheckedLabels, "clicks" | "boxes" | "strokes" | "seed" | "tags">;

/**
 * @param labels with a seed label boxes make no seeds of their own; clicks and strokes are drawn over it
 * @param pointRim where there are clicks and nothing says background, a rim this wide does; 0: none
 * @throws UserError "input" where every pixel is unknown
 */
export function weakSeed(labels: SeedLabels, image: RgbImage, dataset: DatasetDescription, pointRim: number): WeakSeed {
  const { ignore } = dataset;
  const { label: merged, notices } = mergedSeed(labels, image, dataset);
  const needsRim = labels.clicks.length > 0 && labels.seed === undefined && pointRim > 0 && !merged.data.includes(0);
  const label = needsRim ? { ...merged, data: withRim(merged.data, image, ignore, pointRim) } : merged;
  const rim = needsRim ? ["no click on the background: the rim counts as background (--point-rim)"] : [];
  const { width, height } = image;
  const data = drawnPixels(labels.clicks, labels.strokes?.data, image, ignore);
  const all = [...notices, ...rim, ...checkSeeds(label, ignore)];
  return { label, ...(data === undefined ? {} : { drawn: { width, height, data } }), notices: all };
}

function mergedSeed(labels: SeedLabels, image: RgbImage, dataset: DatasetDescription): WeakSeed {
  const { clicks, boxes, strokes, seed, tags } = labels;
  const { classes, ignore } = dataset;
  const { width, height } = image;
  const discs = clicks.length > 0 ? drawPoints(clicks, image, ignore) : undefined;
  if (seed !== undefined) {
    const drawn = discs && strokes ? fillUnknown(strokes.data, discs.data, ignore) : (strokes ?? discs)?.data;
    const data = drawn === undefined ? seed.data : fillUnknown(drawn, seed.data, ignore);
    return { label: { width, height, data }, notices: [] };
  }
  const kinds = [discs, strokes, boxes.length > 0 ? boxes : undefined].filter((kind) => kind !== undefined);
  if (kinds.length > 1) {
    const refuse = (): never => {
      throw new Error("seeds of one photograph spread over no superpixels");
    };
    const seedImage = { image, classes, ignore, superpixels: refuse, ...(tags === undefined ? {} : { tags }) };
    const weak = { points: clicks, boxes, ...(strokes === undefined ? {} : { strokes: strokes.data }) };
    return mixedRule(seedImage, weak, [], PLAIN_RULE);
  }
  return { label: discs ?? strokes ?? boxSeed(boxes, image, ignore), notices: [] };
}

/** What boxes, clicks and strokes say themselves. */
const PLAIN_RULE: MixedRule = {
  ...defaultsOf(makeSeedsOptions),
  superpixels: false,
  grabCut: false,
  camLabel: false,
  pointRim: 0,
};

/** Seeds of one kind only are legitimate, if odd (that loss is 0); without any there is nothing to learn from. */
function checkSeeds({ data }: LabelMap, ignore: number): string[] {
  const background = data.includes(0);
  const foreground = data.some((label) => label !== 0 && label !== ignore);
  if (!background && !foreground) throw new UserError("input", "no seeds: every pixel of the seed label is unknown");
  return [...(background ? [] : ["no background seeds"]), ...(foreground ? [] : ["no foreground seeds"])];
}
