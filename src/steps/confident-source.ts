/**
 * The confident label of an image's class activation maps: as `infer-seam` wrote it, or made here from maps with
 * `infer-seam`'s default thresholds.
 */

import path from "node:path";
import { inferSeamOptions } from "../config/infer-seam";
import type { ResolvedConfig } from "../config/make-seeds";
import { fileExists } from "../data/bounded-file";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import { checkLabel, readLabel } from "../data/label-png";
import { denseCrf } from "../dense-crf/dense-crf";
import { UserError } from "../errors";
import { readCams } from "../seam/cam-dictionary";
import { camScores } from "../seam/cam-scores";
import { confidentLabel } from "../seam/confident-label";

/** [H·W], or undefined where the image has none: only image supervision needs one. @throws UserError "input" */
export type ConfidentSource = (id: string, image: RgbImage) => Promise<Uint8Array | undefined>;

export function openConfidentLabels(
  { supervision, seamDir, camDir }: ResolvedConfig,
  dataset: DatasetDescription,
): ConfidentSource {
  if (seamDir === undefined && camDir === undefined) return async () => undefined;
  const file = (id: string): string =>
    seamDir !== undefined ? path.join(seamDir, `${id}.png`) : path.join(camDir ?? "", `${id}.npy`);
  return async (id, image) => {
    const source = file(id);
    if (!(await fileExists(source))) {
      if (supervision === "image") throw new UserError("input", `no confident label: ${source} is missing`);
      return undefined;
    }
    if (seamDir === undefined) return labelOfMaps(source, image, dataset);
    const label = await readLabel(source);
    checkLabel(label, image, dataset, source);
    return label.data;
  };
}

/** METHOD 1.2 with its own numbers. */
async function labelOfMaps(file: string, image: RgbImage, dataset: DatasetDescription): Promise<Uint8Array> {
  const { width, height } = image;
  const cams = await readCams(file, dataset, image);
  const number = (key: keyof typeof inferSeamOptions): number => inferSeamOptions[key].default as number;
  const crf = {
    iterations: number("crfIterations"),
    gaussian: { sxy: number("crfGaussianSxy"), compat: number("crfGaussianCompat") },
    bilateral: {
      sxy: number("crfBilateralSxy"),
      srgb: number("crfBilateralSrgb"),
      compat: number("crfBilateralCompat"),
    },
  };
  const [low, high] = [number("alphaLow"), number("alphaHigh")].map((alpha) =>
    denseCrf(image.data, width, height, camScores(cams, alpha), crf),
  );
  return confidentLabel(cams, low, high, { classCount: dataset.classes.length, ignore: dataset.ignore }).confident;
}
