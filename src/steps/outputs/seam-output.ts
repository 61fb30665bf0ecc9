/**
 * What `infer-seam` writes of each image: its maps, labels of the maps alone, the CRF's probabilities, the full and the
 * confident label. Only what is asked for is computed.
 */

import path from "node:path";
import { type InferSeamConfig, inferSeamOptions } from "../../config/infer-seam";
import { touching } from "../../config/option";
import type { DatasetDescription } from "../../data/dataset";
import type { Inputs } from "../../data/file-hash";
import { inFrame } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { encodeLabel } from "../../data/label-png";
import type { NdArray } from "../../nd-array";
import { encodeCams } from "../../seam/cam-dictionary";
import { camLabel, camScores, type ImageCams } from "../../seam/cam-scores";
import { confidentLabel } from "../../seam/confident-label";
import { encodeNpyDictionary } from "../../weights/npy-dictionary";
import { isToDo, type Origin } from "./file-record";
import { openFolder } from "./output-folder";
import { openOutputKeeper } from "./output-keeper";
import type { OutputPlace } from "./output-places";
import { type Settings, settingsOf } from "./settings-file";
import { settingsMixture } from "./settings-mixture";
import { recordSettings } from "./settings-record";

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
  /** Whether everything requested exists, or is somebody's own. */
  isDone(id: string): Promise<boolean>;
  /** Whether maps in the output folder are those that this run would make, or somebody's own. */
  holdsMaps(id: string): Promise<boolean>;
  write(id: string, image: RgbImage, cams: ImageCams): Promise<Coverage>;
  /** What was kept, what was made again, and whether a folder mixes settings: at the end of a run. */
  lastNotices(): Promise<string[]>;
  /** How many images have a file that is kept because it is somebody's own. */
  kept(): number;
}

/** Where the images' files go. */
export function seamPlaces(config: InferSeamConfig): OutputPlace[] {
  const { outCam, outCrf, outCamPred, oriCrf, crf, alphaLow, alphaHigh } = config;
  const place = (option: string, folder: string | undefined, extension: string): OutputPlace[] =>
    folder === undefined ? [] : [{ option, folder, extension }];
  const scores = outCrf === undefined ? [] : [folderOf(outCrf, alphaLow), folderOf(outCrf, alphaHigh)];
  return [
    ...place("outCam", outCam, ".npy"),
    ...[...new Set(scores)].flatMap((folder) => place("outCrf", folder, ".npy")),
    ...place("outCamPred", outCamPred, ".png"),
    ...place("oriCrf", oriCrf, ".png"),
    ...place("crf", crf, ".png"),
  ];
}

/** @throws UserError "output" for a folder that cannot be written, before any work is done */
export async function openSeamOutput(
  config: InferSeamConfig,
  dataset: DatasetDescription,
  crf: Crf,
  inputsOf: (id: string) => Promise<Inputs>,
): Promise<SeamOutput> {
  const { outCam, outCamPred, crf: confidentFolder, oriCrf, alphaLow, alphaHigh } = config;
  const exponents = [alphaLow, alphaHigh];
  const crfFolders = config.outCrf === undefined ? [] : exponents.map((alpha) => folderOf(config.outCrf ?? "", alpha));
  const arrays = [outCam, ...crfFolders].filter((folder) => folder !== undefined);
  const labels = [outCamPred, oriCrf, confidentFolder].filter((folder) => folder !== undefined);
  const needsCrf = crfFolders.length > 0 || oriCrf !== undefined || confidentFolder !== undefined;
  const folders = [...arrays, ...labels];
  for (const folder of folders) await openFolder(folder);
  for (const folder of folders) await recordSettings(folder, madeWith(config, dataset, folder === outCam));
  const keeper = openOutputKeeper(config.remake);
  const inputs = new Map<string, Promise<Inputs>>(); // of the images in hand
  const originOf = async (id: string, folder: string): Promise<Origin> => {
    const known = inputs.get(id) ?? inputsOf(id);
    inputs.set(id, known);
    const { classes } = dataset;
    const parts = folder === outCam ? (["fit"] as const) : (["fit", "label"] as const);
    return {
      settings: { ...settingsOf<InferSeamConfig>(config, inferSeamOptions, parts), classes },
      inputs: await known,
    };
  };
  const stateOf = (id: string, folder: string, extension: string): ReturnType<typeof keeper.stateOf> =>
    keeper.stateOf(id, path.join(folder, id + extension), () => originOf(id, folder));
  const write = async (id: string, folder: string, extension: string, bytes: Uint8Array): Promise<void> => {
    await keeper.write(id, path.join(folder, id + extension), bytes, await originOf(id, folder));
  };
  const writeArrays = (folder: string, id: string, bytes: Uint8Array): Promise<void> =>
    write(id, folder, ".npy", bytes);
  return {
    folders,
    async isDone(id) {
      inputs.delete(id); // hashed as they are when the image's turn comes
      let isDone = true;
      for (const [i, folder] of folders.entries()) {
        if (isToDo(await stateOf(id, folder, i < arrays.length ? ".npy" : ".png"))) isDone = false;
      }
      if (isDone) inputs.delete(id);
      return isDone;
    },
    holdsMaps: async (id) => outCam !== undefined && !isToDo(await stateOf(id, outCam, ".npy")),
    async write(id, image, cams) {
      const { width, height } = cams;
      const save = (folder: string | undefined, data: Uint8Array): Promise<void> | undefined =>
        folder === undefined
          ? undefined
          : write(
              id,
              folder,
              ".png",
              encodeLabel(inFrame({ width, height, data }, image, config.frame), dataset.palette),
            );
      if (outCam !== undefined) await writeArrays(outCam, id, encodeCams(cams));
      await save(outCamPred, camLabel(cams, config.outCamPredAlpha));
      if (!needsCrf) {
        inputs.delete(id);
        return {};
      }
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
      inputs.delete(id);
      return { confident: known(confident), full: known(full) };
    },
    kept: keeper.kept,
    async lastNotices() {
      const mixtures = await Promise.all(folders.map((folder) => settingsMixture(folder)));
      return [...keeper.notices(), ...mixtures.filter((notice) => notice !== undefined)];
    },
  };
}

/** What the maps depend on (fit), or the labels too; paths among it. */
function madeWith(config: InferSeamConfig, { classes }: DatasetDescription, isMaps: boolean): Settings {
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
