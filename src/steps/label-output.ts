/**
 * What is written of each labelled image: probabilities, overlay and label, the label last, so that a label that is there
 * says that all of it is. Files appear whole or not at all.
 */

import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { fileExists } from "../data/bounded-file";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import { writeLabel } from "../data/label-png";
import { mostProbableClass } from "../dense-crf/dense-crf";
import { renderOverlay } from "../overlay";
import { encodeNpy } from "../weights/npy";
import { openFolder } from "./output-folder";
import { recordSettings, type Settings } from "./settings-record";
import { openSharpener, type SharpenerConfig } from "./sharpen";

/** The options of a step that writes labels. */
export interface LabelOutputConfig extends SharpenerConfig {
  readonly savePath: string;
  readonly overlay?: string;
  readonly outProb?: string;
}

export interface LabelOutput {
  /** What the user should know of the folders before the run. */
  readonly notices: readonly string[];
  /** Whether everything asked for is there. */
  isDone(id: string): Promise<boolean>;
  /** Sharpens and writes. @param probabilities [H·W, K]; not used afterwards */
  write(id: string, image: RgbImage, probabilities: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param settings all that a label depends on; not where things are written, nor who makes which share of them
 * @throws UserError "output" for a folder that cannot be written, before any work is done
 */
export async function openLabelOutput(
  config: LabelOutputConfig,
  dataset: DatasetDescription,
  settings: Settings,
): Promise<LabelOutput> {
  const { savePath, overlay, outProb } = config;
  for (const folder of [savePath, overlay, outProb]) if (folder !== undefined) await openFolder(folder);
  const notice = await recordSettings(savePath, { ...settings, classes: dataset.classes });
  const sharpener = openSharpener(config);
  const labelFile = (id: string): string => path.join(savePath, `${id}.png`);
  const files = (id: string): string[] => [
    labelFile(id),
    ...(overlay === undefined ? [] : [path.join(overlay, `${id}.png`)]),
    ...(outProb === undefined ? [] : [path.join(outProb, `${id}.npy`)]),
  ];
  return {
    notices: notice === undefined ? [] : [notice],
    async isDone(id) {
      for (const file of files(id)) if (!(await fileExists(file))) return false;
      return true;
    },
    async write(id, image, probabilities) {
      const { width, height } = image;
      const classes = dataset.classes.length;
      if (outProb !== undefined)
        await writeAtomic(path.join(outProb, `${id}.npy`), encodeProbabilities(probabilities, classes, width, height));
      const label = { width, height, data: mostProbableClass(await sharpener.sharpen(image, probabilities), classes) };
      if (overlay !== undefined)
        await writeAtomic(path.join(overlay, `${id}.png`), renderOverlay(image, label, dataset));
      await writeLabel(labelFile(id), label, dataset.palette);
    },
    close: () => sharpener.close(),
  };
}

/** As NumPy array [K, H, W], like the reference's `pred_probs`. */
function encodeProbabilities(probabilities: Float32Array, classes: number, width: number, height: number): Uint8Array {
  const data = new Float32Array(probabilities.length);
  const pixels = width * height;
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < classes; c++) data[c * pixels + i] = probabilities[i * classes + c];
  return encodeNpy({ shape: [classes, height, width], data });
}
