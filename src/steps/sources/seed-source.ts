/**
 * Where an image's seed label comes from: a folder of label PNG (of `make-seeds`, `infer-seam`, or anyone), or straight
 * from the weak labels' own files.
 */

import path from "node:path";
import type { ResolvedConfig } from "../../config/pseudo-label-presets";
import { boxSeed } from "../../data/box-seed";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { readFittedLabel } from "../../data/fitted-label";
import type { LabelMap } from "../../data/label-png";
import { drawPoints, pointsOf, readPointsFile, withRim } from "../../data/points";
import { readScribbles } from "../../data/scribbles";
import type { Box } from "../../data/voc-boxes";
import { UserError } from "../../errors";

export interface Seed {
  readonly label: LabelMap;
  readonly notices: readonly string[];
}

/** @throws UserError "input" for an image whose weak label is missing or unusable */
export type SeedSource = (id: string, size: ImageSize, boxes: readonly Box[]) => Promise<Seed>;

/** @throws UserError where the source as a whole is unusable */
export async function openSeedSource(config: ResolvedConfig, dataset: DatasetDescription): Promise<SeedSource> {
  const source = await weakLabelSource(config, dataset);
  return async (id, size, boxes) => {
    const seed = await source(id, size, boxes);
    return { ...seed, notices: [...seed.notices, ...checkSeeds(seed.label, dataset.ignore)] };
  };
}

async function weakLabelSource(config: ResolvedConfig, dataset: DatasetDescription): Promise<SeedSource> {
  const { seedLabelRoot, supervision, voc12Root } = config;
  if (seedLabelRoot !== undefined)
    return async (id, size) => {
      const file = path.join(seedLabelRoot, `${id}.png`);
      const label = await readFittedLabel(file, size, dataset, "seed label");
      return { label, notices: [] };
    };
  switch (supervision) {
    case "box":
      return async (_, size, boxes) => ({ label: boxSeed(boxes, size, dataset.ignore), notices: [] });
    case "point": {
      const points = await readPointsFile(config.points ?? path.join(voc12Root, "points.json"));
      return async (id, size) => {
        const clicks = pointsOf(points, id, dataset, size);
        if (clicks.length === 0) throw new UserError("input", `no clicks (${points.file})`);
        const discs = drawPoints(clicks, size, dataset.ignore);
        if (config.pointRim === 0 || discs.data.includes(0)) return { label: discs, notices: [] };
        const data = withRim(discs.data, size, dataset.ignore, config.pointRim);
        return {
          label: { ...discs, data },
          notices: ["no click on the background: the rim counts as background (--point-rim)"],
        };
      };
    }
    case "scribble": {
      const folder = config.scribbles ?? path.join(voc12Root, "Scribbles");
      return async (id, size) => {
        const scribbles = await readScribbles(folder, id, dataset, size);
        if (scribbles === undefined)
          throw new UserError("input", `no scribbles: expected ${id}.txt, .xml or .png (${folder})`);
        return scribbles;
      };
    }
    case "image":
      throw new UserError("usage", "image supervision needs --seed-label-root: tags alone label no pixel");
  }
}

/** Seeds of one kind only are legitimate, if odd (that loss is 0); without any there is nothing to learn from. */
function checkSeeds({ data }: LabelMap, ignore: number): string[] {
  const background = data.includes(0);
  const foreground = data.some((label) => label !== 0 && label !== ignore);
  if (!background && !foreground) throw new UserError("input", "no seeds: every pixel of the seed label is unknown");
  return [...(background ? [] : ["no background seeds"]), ...(foreground ? [] : ["no foreground seeds"])];
}
