/**
 * What `infer-seam` writes of each image: its maps, labels of the maps alone, the CRF's probabilities, the full and the
 * confident label. Only what is asked for is computed.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { type InferSeamConfig, inferSeamOptions } from "../../config/infer-seam";
import { touching } from "../../config/option";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { inFrame } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { writeLabel } from "../../data/label-png";
import type { NdArray } from "../../nd-array";
import { encodeCams } from "../../seam/cam-dictionary";
import { camLabel, camScores, type ImageCams } from "../../seam/cam-scores";
import { confidentLabel } from "../../seam/confident-label";
import { encodeNpyDictionary } from "../../weights/npy-dictionary";
import { openFolder } from "./output-folder";
import { recordSettings, type Settings } from "./settings-record";

/** The dense CRF: probabilities [H·W, k] → same. */
export type Crf = (image: RgbImage, probabilities: Float32Array) => Promise<Float32Array>;

/** Share of an image's pixels that a label says something about. */
export interface Coverage {
  readonly confident?: number;
  readonly full?: number;
}

export interface SeamOutput {
  /** Every folder that files go to. */
  readonly folders: readonly string[];
  /** What the user should know of the folders before the run. */
  readonly notices: readonly string[];
  /** Whether everything requested exists. */
  isDone(id: string): Promise<boolean>;
  write(id: string, image: RgbImage, cams: ImageCams): Promise<Coverage>;
}

/** @throws UserError "output" for a folder that cannot be written, before any work is done */
export async function openSeamOutput(
  config: InferSeamConfig,
  dataset: DatasetDescription,
  crf: Crf,
): Promise<SeamOutput> {
  const { outCam, outCamPred, crf: confidentFolder, oriCrf, alphaLow, alphaHigh } = config;
  const exponents = [alphaLow, alphaHigh];
  const crfFolders = config.outCrf === undefined ? [] : exponents.map((alpha) => folderOf(config.outCrf ?? "", alpha));
  const arrays = [outCam, ...crfFolders].filter((folder) => folder !== undefined);
  const labels = [outCamPred, oriCrf, confidentFolder].filter((folder) => folder !== undefined);
  const needsCrf = crfFolders.length > 0 || oriCrf !== undefined || confidentFolder !== undefined;
  const folders = [...arrays, ...labels];
  for (const folder of folders) await openFolder(folder);
  const records = folders.map((folder) => recordSettings(folder, settingsOf(config, dataset, folder === outCam)));
  const notices = (await Promise.all(records)).filter((notice) => notice !== undefined);

  const writeArrays = (folder: string, id: string, bytes: Uint8Array): Promise<void> =>
    writeAtomic(path.join(folder, `${id}.npy`), bytes);
  return {
    folders,
    notices,
    async isDone(id) {
      const files = [
        ...arrays.map((folder) => path.join(folder, `${id}.npy`)),
        ...labels.map((folder) => path.join(folder, `${id}.png`)),
      ];
      for (const file of files) if (!(await fileExists(file))) return false;
      return true;
    },
    async write(id, image, cams) {
      const { width, height } = cams;
      const save = (folder: string | undefined, data: Uint8Array): Promise<void> | undefined =>
        folder === undefined
          ? undefined
          : writeLabel(
              path.join(folder, `${id}.png`),
              inFrame({ width, height, data }, image, config.frame),
              dataset.palette,
            );
      if (outCam !== undefined) await writeArrays(outCam, id, encodeCams(cams));
      await save(outCamPred, camLabel(cams, config.outCamPredAlpha));
      if (!needsCrf) return {};
      const [low, high] = await Promise.all(exponents.map((alpha) => crf(image, camScores(cams, alpha))));
      for (const [i, folder] of crfFolders.entries())
        await writeArrays(folder, id, encodeProbabilities(cams, i === 0 ? low : high));
      const thresholds = { ...config, alpha: alphaHigh };
      const { confident, full } = confidentLabel(
        cams,
        low,
        high,
        { classCount: dataset.classes.length, ignore: dataset.ignore },
        thresholds,
      );
      await save(oriCrf, full);
      await save(confidentFolder, confident);
      const known = (label: Uint8Array): number =>
        label.filter((value) => value !== dataset.ignore).length / label.length;
      return { confident: known(confident), full: known(full) };
    },
  };
}

/** What the maps depend on (fit), or the labels too. */
function settingsOf(config: InferSeamConfig, { classes }: DatasetDescription, isMaps: boolean): Settings {
  const settings = touching(config, inferSeamOptions, isMaps ? ["fit"] : ["fit", "label"]);
  return { ...settings, scales: config.scales.join(), classes };
}

/** The reference's names: `FOLDER_4.0`. */
function folderOf(base: string, alpha: number): string {
  return `${base}_${alpha.toFixed(1)}`;
}

/** {class: H×W}, background included: what SEAM's `train_aff` reads. */
function encodeProbabilities({ width, height, maps }: ImageCams, probabilities: Float32Array): Uint8Array {
  const labels = [0, ...maps.keys()];
  const column = (j: number): Float32Array =>
    Float32Array.from({ length: width * height }, (_, i) => probabilities[i * labels.length + j]);
  return encodeNpyDictionary(
    new Map<string | number, NdArray>(labels.map((label, j) => [label, { shape: [height, width], data: column(j) }])),
  );
}
