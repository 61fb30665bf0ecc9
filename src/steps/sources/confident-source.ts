/**
 * The confident label of an image's class activation maps: as `infer-seam` wrote it, or made here from maps with
 * `infer-seam`'s default thresholds.
 */

import path from "node:path";
import { inferSeamOptions } from "../../config/infer-seam";
import type { ResolvedConfig } from "../../config/make-seeds";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { readFittedLabel } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { openSharpener, type Sharpener, type SharpenerConfig } from "../../dense-crf/sharpen";
import { UserError } from "../../errors";
import { readCams } from "../../seam/cam-dictionary";
import { camScores } from "../../seam/cam-scores";
import { confidentLabel } from "../../seam/confident-label";

export interface ConfidentSource {
  /** [H·W], or undefined where the image has none: only image supervision needs one. @throws UserError "input" */
  labelOf(id: string, image: RgbImage): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

export function openConfidentLabels(config: ResolvedConfig, dataset: DatasetDescription): ConfidentSource {
  const { supervision, seamDir, camDir } = config;
  if (seamDir === undefined && camDir === undefined) return { labelOf: async () => undefined, close: async () => {} };
  const crf = openSharpener({ ...crfDefaults(), crfThreads: config.threads });
  const file = (id: string): string =>
    seamDir !== undefined ? path.join(seamDir, `${id}.png`) : path.join(camDir ?? "", `${id}.npy`);
  return {
    async labelOf(id, image) {
      const source = file(id);
      if (!(await fileExists(source))) {
        if (supervision === "image") throw new UserError("input", `no confident label: ${source} is missing`);
        return undefined;
      }
      if (seamDir === undefined) return labelOfMaps(source, image, dataset, crf);
      return (await readFittedLabel(source, image, dataset, "confident label")).data;
    },
    close: () => crf.close(),
  };
}

/** docs/method.md, section 1.2, with its own numbers. */
async function labelOfMaps(
  file: string,
  image: RgbImage,
  dataset: DatasetDescription,
  crf: Sharpener,
): Promise<Uint8Array> {
  const cams = await readCams(file, dataset, image);
  const { alphaLow, alphaHigh } = inferSeamOptions;
  const [low, high] = await Promise.all(
    [alphaLow.default, alphaHigh.default].map((alpha) => crf.sharpen(image, camScores(cams, alpha as number))),
  );
  return confidentLabel(cams, low, high, { classCount: dataset.classes.length, ignore: dataset.ignore }).confident;
}

function crfDefaults(): Omit<SharpenerConfig, "crfThreads"> {
  const number = (key: keyof typeof inferSeamOptions): number => inferSeamOptions[key].default as number;
  return {
    denseCrf: true,
    crfIterations: number("crfIterations"),
    crfGaussianSxy: number("crfGaussianSxy"),
    crfGaussianCompat: number("crfGaussianCompat"),
    crfBilateralSxy: number("crfBilateralSxy"),
    crfBilateralSrgb: number("crfBilateralSrgb"),
    crfBilateralCompat: number("crfBilateralCompat"),
  };
}
