/**
 * What is written of each labelled image: probabilities, objects, label, and the overlay of whatever label there is. Files
 * appear whole or not at all, and only those that are missing or out of date are written.
 */

import path from "node:path";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { hashFile, type Inputs } from "../../data/file-hash";
import { inFrame, readFittedLabel } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { encodeLabel, type LabelMap } from "../../data/label-png";
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
import { isToDo, type Origin } from "./file-record";
import { type InstancesWritten, openInstanceLabelOutput } from "./instance-label-output";
import { exportLabels } from "./label-exports";
import { openFolder } from "./output-folder";
import { openOutputKeeper } from "./output-keeper";
import type { OutputPlace } from "./output-places";
import type { Settings } from "./settings-file";
import { settingsMixture } from "./settings-mixture";
import { recordSettings } from "./settings-record";

/** The options of a step that writes labels. */
export interface LabelOutputConfig {
  /** Where the photographs are, whose file names exports hold. */
  readonly voc12Root?: string;
  readonly savePath: string;
  readonly overlay?: string;
  readonly outProb?: string;
  /** Only `make-pseudo-labels` knows objects. */
  readonly instances?: boolean;
  readonly instanceRule?: InstanceRule;
  readonly instanceLeastShare?: number;
  readonly instanceFormats?: readonly string[];
  readonly instancePolygons?: boolean;
  /** The frame that labels and probabilities are written in. Default: displayed. */
  readonly frame?: Frame;
  /** Ids of images to make again although their results exist, or "all". */
  readonly remake?: readonly string[];
  /** Formats for other tools, and the folder of their folders. */
  readonly export?: readonly string[];
  readonly exportDir?: string;
}

/** Where the images' files go. */
export function outputPlaces(config: LabelOutputConfig): OutputPlace[] {
  const { savePath, overlay, outProb, exportDir } = config;
  return [
    { option: "savePath", folder: savePath, extension: ".png" },
    ...(overlay === undefined ? [] : [{ option: "overlay", folder: overlay, extension: ".png" }]),
    ...(outProb === undefined ? [] : [{ option: "outProb", folder: outProb, extension: ".npy" }]),
    ...(exportDir === undefined ? [] : [{ option: "exportDir", folder: exportDir, extension: " of an export" }]),
  ];
}

/** Where a label comes from, and what it depends on. */
export interface LabelOrigin {
  /** Without paths: `settingsOf`. */
  readonly settings: Settings;
  /** What objects depend on beside the inputs, where the step labels them. Default: the same. */
  readonly objectSettings?: Settings;
  /** Hashes of all that the image's label is made of. */
  inputsOf(id: string): Promise<Inputs>;
  /** The photograph, for a picture of a label that exists. */
  readImage(id: string): Promise<RgbImage>;
}

/** What tells an image's objects apart, where the step labels instances. */
export interface ObjectsOfImage {
  readonly marks: readonly InstanceMark[];
  readonly graph: CellGraph;
  /** Before the dense CRF, which makes every pixel sure, [h·w, K]: what the confidence is measured by. */
  readonly probabilities: Float32Array;
  /** Size of those probabilities: that of the reduced photograph, where a large one was labelled. */
  readonly probabilitySize: ImageSize;
  /** 1 where a person drew: certain in the label. */
  readonly isDrawn?: Uint8Array;
  /** A seed that knows more than the marks themselves: their agreement is part of the confidence. */
  readonly seed?: LabelMap;
  /** The photograph's, without folder. */
  readonly fileName: string;
}

export interface LabelOutput {
  /** Whether everything requested exists, or is somebody's own. */
  isDone(id: string): Promise<boolean>;
  /** Draws a missing overlay of a label that exists. @returns whether nothing else is left to do */
  derive(id: string): Promise<boolean>;
  /** Writes the probabilities before the dense CRF, where they are asked for; call it before `write`. */
  writeProbabilities(id: string, unsharpened: UnsharpenedLabel): Promise<void>;
  /** Writes the objects and the overlay, where they are asked for, and the label. */
  write(
    id: string,
    image: RgbImage,
    finished: Pick<FinishedLabel, "label" | "classes">,
    objects?: ObjectsOfImage,
  ): Promise<void>;
  /** What the summary says of the instances of all images in the list, where there are any. */
  mergeInstances(ids: readonly string[]): Promise<InstancesWritten | undefined>;
  /** Writes the labels of all images in the list that have one in the formats of `export`. @returns what was written */
  exportAll(ids: readonly string[]): Promise<string[]>;
  /** What was kept, what was made again, and whether the folder mixes settings: at the end of a run. */
  lastNotices(): Promise<string[]>;
  /** How many images have a file that is kept because it is somebody's own. */
  kept(): number;
}

/**
 * @param settings as `settings.json` has them, paths among them
 * @throws UserError "output" for a folder that cannot be written, before any work is done
 */
export async function openLabelOutput(
  config: LabelOutputConfig,
  dataset: DatasetDescription,
  settings: Settings,
  source: LabelOrigin,
  say: (message: string) => void = () => undefined,
): Promise<LabelOutput> {
  const { savePath, overlay, outProb } = config;
  for (const folder of [savePath, overlay, outProb]) if (folder !== undefined) await openFolder(folder);
  await recordSettings(savePath, { ...settings, classes: dataset.classes });
  const { instances = false, instanceFormats = [], instancePolygons = false } = config;
  const { instanceRule, instanceLeastShare } = config;
  const keeper = openOutputKeeper(config.remake);
  const objectOutput = instances
    ? await openInstanceLabelOutput({ savePath, instanceFormats, instancePolygons }, dataset, keeper, say)
    : undefined;
  const labelFile = (id: string): string => path.join(savePath, `${id}.png`);
  const overlayFile = (id: string): string => path.join(overlay ?? savePath, `${id}.png`);
  const probabilityFile = (id: string): string => path.join(outProb ?? savePath, `${id}.npy`);
  const origins = new Map<string, Promise<Origin>>(); // of the images in hand
  const readOrigin = async (id: string): Promise<Origin> => ({
    settings: { ...source.settings, classes: dataset.classes },
    inputs: await source.inputsOf(id),
  });
  const originOf = (id: string): Promise<Origin> => {
    const known = origins.get(id) ?? readOrigin(id);
    origins.set(id, known);
    return known;
  };
  const objectOrigin = async (id: string): Promise<Origin> => ({
    settings: { ...(source.objectSettings ?? source.settings), classes: dataset.classes },
    inputs: (await originOf(id)).inputs,
  });
  /** An overlay shows whatever label there is: it is made of that, and of the photograph. */
  const overlayOrigin = async (id: string): Promise<Origin> => ({
    settings: {},
    inputs: { photograph: (await originOf(id)).inputs.photograph, label: await hashFile(labelFile(id)) },
  });
  const needs = async (id: string): Promise<{ label: boolean; overlay: boolean }> => {
    const isTodo = async (file: string, origin: () => Promise<Origin>): Promise<boolean> =>
      isToDo(await keeper.stateOf(id, file, origin));
    const label = await isTodo(labelFile(id), () => originOf(id));
    const probabilities = outProb !== undefined && (await isTodo(probabilityFile(id), () => originOf(id)));
    const objects = objectOutput !== undefined && !(await objectOutput.isDone(id, () => objectOrigin(id)));
    const picture = overlay !== undefined && (await isTodo(overlayFile(id), () => overlayOrigin(id)));
    return { label: label || probabilities || objects, overlay: picture };
  };
  /** @param written the label, where this run has just written it */
  const draw = async (id: string, image: RgbImage, written?: LabelMap): Promise<void> => {
    if (overlay === undefined) return;
    const label = written ?? (await readFittedLabel(labelFile(id), image, dataset, "label"));
    await keeper.write(id, overlayFile(id), await renderOverlay(image, label, dataset), await overlayOrigin(id));
  };
  return {
    async isDone(id) {
      origins.delete(id); // inputs are hashed as they are when the image's turn comes
      const { label, overlay: picture } = await needs(id);
      if (!label && !picture) origins.delete(id);
      return !label && !picture;
    },
    async derive(id) {
      if ((await needs(id)).label) return false;
      await draw(id, await source.readImage(id));
      origins.delete(id);
      return true;
    },
    async writeProbabilities(id, unsharpened) {
      if (outProb === undefined) return;
      const { image } = unsharpened;
      const turn = config.frame === "stored" ? image : { width: image.width, height: image.height };
      const encoded = encodeProbabilities(unsharpened, dataset.classes.length, turn);
      await keeper.write(id, probabilityFile(id), encoded, await originOf(id));
    },
    async write(id, image, finished, objects) {
      const origin = await originOf(id);
      if (objectOutput !== undefined && objects !== undefined) {
        const { marks, graph, seed, fileName, probabilities, probabilitySize, isDrawn } = objects;
        const unsure = { ...finished, probabilities, probabilitySize, isDrawn };
        const labels = instanceLabels(unsure, marks, graph, { rule: instanceRule, leastShare: instanceLeastShare });
        const sure = seed === undefined ? labels : { ...labels, instances: withConfidence(labels, marks, seed) };
        const turned =
          config.frame === "stored" ? storedInstances(sure, marks, image) : { found: sure, marks, size: image };
        await objectOutput.write(id, fileName, turned.size, turned.found, turned.marks, await objectOrigin(id));
      }
      const encoded = encodeLabel(inFrame(finished.label, image, config.frame), dataset.palette);
      const isWritten = await keeper.write(id, labelFile(id), encoded, origin);
      await draw(id, image, isWritten ? finished.label : undefined);
      origins.delete(id);
    },
    mergeInstances: async (ids) => objectOutput?.merge(ids),
    kept: keeper.kept,
    exportAll: (ids) => exportLabels(config, ids, dataset, keeper),
    async lastNotices() {
      const mixture = await settingsMixture(savePath);
      return [...keeper.notices(), ...(mixture === undefined ? [] : [mixture])];
    },
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
