/**
 * What is written of each labelled image: probabilities, overlay and label, the label last, so that an existing label
 * says that all of it is. Files appear whole or not at all.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { inFrame } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { type LabelMap, writeLabel } from "../../data/label-png";
import { type Frame, storedRaster, storedSize } from "../../data/orientation";
import { withConfidence } from "../../instances/instance-confidence";
import { type InstanceRule, instanceLabels } from "../../instances/instance-labels";
import type { InstanceMark } from "../../instances/instance-mark";
import type { CellGraph } from "../../instances/mark-walk";
import { storedInstances } from "../../instances/stored-instances";
import type { FinishedLabel } from "../../label-photograph/finish-label";
import type { UnsharpenedLabel } from "../../label-photograph/label-probabilities";
import { renderOverlay } from "../../show/overlay";
import { encodeNpy } from "../../weights/npy";
import { type InstancesWritten, openInstanceLabelOutput } from "./instance-label-output";
import { openFolder } from "./output-folder";
import { recordSettings, type Settings } from "./settings-record";

/** The options of a step that writes labels. */
export interface LabelOutputConfig {
  readonly savePath: string;
  readonly overlay?: string;
  readonly outProb?: string;
  /** Only `make-pseudo-labels` knows objects. */
  readonly instances?: boolean;
  readonly instanceRule?: InstanceRule;
  readonly instanceFormats?: readonly string[];
  readonly instancePolygons?: boolean;
  /** Of labels and probabilities. Default: displayed. */
  readonly frame?: Frame;
}

/** What tells an image's objects apart, where the step labels instances. */
export interface ObjectsOfImage {
  readonly marks: readonly InstanceMark[];
  readonly graph: CellGraph;
  /** Before the dense CRF, which makes every pixel sure, [h·w, K]: what the confidence is measured by. Default: those after it. */
  readonly probabilities?: Float32Array;
  /** Of those before the dense CRF: a reduced photograph's where the label is of a large one. */
  readonly probabilitySize: ImageSize;
  /** A seed that knows more than the marks themselves: their agreement is part of the confidence. */
  readonly seed?: LabelMap;
  /** The photograph's, without folder. */
  readonly fileName: string;
}

export interface LabelOutput {
  /** What the user should know of the folders before the run. */
  readonly notices: readonly string[];
  /** Whether everything requested exists. */
  isDone(id: string): Promise<boolean>;
  /** Writes the probabilities before the dense CRF, where they are asked for; call it before `write`. */
  writeProbabilities(id: string, unsharpened: UnsharpenedLabel): Promise<void>;
  /** Writes the objects and the overlay, where they are asked for, and the label. */
  write(id: string, image: RgbImage, finished: FinishedLabel, objects?: ObjectsOfImage): Promise<void>;
  /** What the summary says of the instances of all images in the list, where there are any. */
  mergeInstances(ids: readonly string[]): Promise<InstancesWritten | undefined>;
}

/**
 * @param settings all that a label depends on; not where things are written, nor who makes which share of them
 * @throws UserError "output" for a folder that cannot be written, before any work is done
 */
export async function openLabelOutput(
  config: LabelOutputConfig,
  dataset: DatasetDescription,
  settings: Settings,
  say: (message: string) => void = () => undefined,
): Promise<LabelOutput> {
  const { savePath, overlay, outProb } = config;
  for (const folder of [savePath, overlay, outProb]) if (folder !== undefined) await openFolder(folder);
  const notice = await recordSettings(savePath, { ...settings, classes: dataset.classes });
  const { instances = false, instanceFormats = [], instancePolygons = false, instanceRule } = config;
  const objectOutput = instances
    ? await openInstanceLabelOutput({ savePath, instanceFormats, instancePolygons }, dataset, say)
    : undefined;
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
      return objectOutput === undefined || objectOutput.isDone(id);
    },
    async writeProbabilities(id, unsharpened) {
      if (outProb === undefined) return;
      const { image } = unsharpened;
      const turn = config.frame === "stored" ? image : { width: image.width, height: image.height };
      const encoded = encodeProbabilities(unsharpened, dataset.classes.length, turn);
      await writeAtomic(path.join(outProb, `${id}.npy`), encoded);
    },
    async write(id, image, finished, objects) {
      const { label } = finished;
      if (objectOutput !== undefined && objects !== undefined) {
        const { marks, graph, seed, fileName, probabilities, probabilitySize } = objects;
        const unsure = probabilities === undefined ? finished : { ...finished, probabilities, probabilitySize };
        const labels = instanceLabels(unsure, marks, graph, { rule: instanceRule });
        const sure = seed === undefined ? labels : { ...labels, instances: withConfidence(labels, marks, seed) };
        const turned =
          config.frame === "stored" ? storedInstances(sure, marks, image) : { found: sure, marks, size: image };
        await objectOutput.write(id, fileName, turned.size, turned.found, turned.marks);
      }
      if (overlay !== undefined)
        await writeAtomic(path.join(overlay, `${id}.png`), await renderOverlay(image, label, dataset));
      await writeLabel(labelFile(id), inFrame(label, image, config.frame), dataset.palette);
    },
    mergeInstances: async (ids) => objectOutput?.merge(ids),
  };
}

/** As NumPy array [all classes, H, W], like the reference's `pred_probs`; 0 for classes without a column. */
function encodeProbabilities({ probabilities, classes }: UnsharpenedLabel, all: number, size: ImageSize): Uint8Array {
  const { width, height } = storedSize(size);
  const pixels = width * height;
  const data = new Float32Array(all * pixels);
  for (const [column, label] of classes.entries())
    for (let i = 0; i < pixels; i++) data[label * pixels + i] = probabilities[i * classes.length + column];
  for (let label = 0; label < all; label++) {
    const plane = data.subarray(label * pixels, (label + 1) * pixels);
    plane.set(storedRaster(plane, size));
  }
  return encodeNpy({ shape: [all, height, width], data });
}
