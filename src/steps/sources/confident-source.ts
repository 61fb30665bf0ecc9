/**
 * The confident label of an image's class activation maps: as `infer-seam` wrote it, or made here from maps with
 * `infer-seam`'s default thresholds.
 */

import path from "node:path";
import type { ResolvedConfig } from "../../config/make-seeds";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { hashFile } from "../../data/file-hash";
import { readFittedLabel } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { openSharpener } from "../../dense-crf/sharpen";
import { UserError } from "../../errors";
import { confidentSeed } from "../../label-photograph/confident-seed";
import { readCams } from "../../seam/cam-dictionary";

export interface ConfidentSource {
  /** [H·W], or undefined where the image has none: only image supervision needs one. @throws UserError "input" */
  labelOf(id: string, image: RgbImage): Promise<Uint8Array | undefined>;
  /** Of the file that it is read from. */
  hashOf(id: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export function openConfidentLabels(config: ResolvedConfig, dataset: DatasetDescription): ConfidentSource {
  const { supervision, seamDir, camDir } = config;
  if (seamDir === undefined && camDir === undefined)
    return { labelOf: async () => undefined, hashOf: async () => undefined, close: async () => {} };
  const crf = openSharpener(config.threads);
  const file = (id: string): string =>
    seamDir !== undefined ? path.join(seamDir, `${id}.png`) : path.join(camDir ?? "", `${id}.npy`);
  return {
    async labelOf(id, image) {
      const source = file(id);
      if (!(await fileExists(source))) {
        if (supervision === "image") throw new UserError("input", `no confident label: ${source} is missing`);
        return undefined;
      }
      if (seamDir === undefined) return confidentSeed(await readCams(source, dataset, image), image, dataset, crf);
      return (await readFittedLabel(source, image, dataset, "confident label")).data;
    },
    hashOf: (id) => hashFile(file(id)),
    close: () => crf.close(),
  };
}
