/**
 * Where an image's seed label comes from: a folder of label PNG (of `make-seeds`, `infer-seam`, or anyone), or straight
 * from the weak labels' own files.
 */

import path from "node:path";
import type { ResolvedConfig } from "../../config/pseudo-label-presets";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { readFittedLabel } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { pointsOf, readPointsFile } from "../../data/points";
import { readScribbles } from "../../data/scribbles";
import type { Box } from "../../data/voc-boxes";
import { UserError } from "../../errors";
import { type SeedLabels, type WeakSeed, weakSeed } from "../../label-photograph/weak-seed";

/** @throws UserError "input" for an image whose weak label is missing or unusable */
export type SeedSource = (id: string, image: RgbImage, boxes: readonly Box[]) => Promise<WeakSeed>;

/** What one image's files say. */
type Reader = (
  id: string,
  size: ImageSize,
  boxes: readonly Box[],
) => Promise<Partial<SeedLabels> & { readonly notices?: readonly string[] }>;

/** @throws UserError where the source as a whole is unusable */
export async function openSeedSource(config: ResolvedConfig, dataset: DatasetDescription): Promise<SeedSource> {
  const read = await weakLabelReader(config, dataset);
  return async (id, image, boxes) => {
    const { notices = [], ...labels } = await read(id, image, boxes);
    const seed = weakSeed({ boxes: [], clicks: [], ...labels }, image, dataset, config.pointRim);
    return { ...seed, notices: [...notices, ...seed.notices] };
  };
}

async function weakLabelReader(config: ResolvedConfig, dataset: DatasetDescription): Promise<Reader> {
  const { seedLabelRoot, supervision, voc12Root } = config;
  if (seedLabelRoot !== undefined)
    return async (id, size) => {
      const file = path.join(seedLabelRoot, `${id}.png`);
      return { seed: await readFittedLabel(file, size, dataset, "seed label") };
    };
  switch (supervision) {
    case "box":
      return async (_id, _size, boxes) => ({ boxes });
    case "point": {
      const points = await readPointsFile(config.points ?? path.join(voc12Root, "points.json"));
      return async (id, size) => {
        const clicks = pointsOf(points, id, dataset, size);
        if (clicks.length === 0) throw new UserError("input", `no clicks (${points.file})`);
        return { clicks };
      };
    }
    case "scribble": {
      const folder = config.scribbles ?? path.join(voc12Root, "Scribbles");
      return async (id, size) => {
        const scribbles = await readScribbles(folder, id, dataset, size);
        if (scribbles === undefined)
          throw new UserError("input", `no scribbles: expected ${id}.txt, .xml or .png (${folder})`);
        return { strokes: scribbles.label, notices: scribbles.notices };
      };
    }
    case "image":
      throw new UserError("usage", "image supervision needs --seed-label-root: tags alone label no pixel");
  }
}
