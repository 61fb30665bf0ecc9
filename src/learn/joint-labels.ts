/**
 * The third stage of `learn`: labels of all photographs by the trained network. Where a photograph has a weak label, both
 * opinions are joined; elsewhere the network's probabilities go into the dense CRF alone. What the report tells of each
 * photograph is kept beside its label.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import type { LearnConfig } from "../config/learn";
import { defaultsOf } from "../config/option";
import { segmentOptions } from "../config/segment";
import { fileExists } from "../data/bounded-file";
import type { DatasetDescription } from "../data/dataset";
import { findImage, type RgbImage, readRgb } from "../data/image";
import { type LabelMap, readLabel, writeLabel } from "../data/label-png";
import type { Sharpener } from "../dense-crf/sharpen";
import { type FinishConfig, finishLabel } from "../label-photograph/finish-label";
import type { UnsharpenedLabel } from "../label-photograph/label-probabilities";
import type { StepContext } from "../running/step";
import { openSegmenter } from "../segmentation/open-segmenter";
import { classProbabilities } from "../segmentation/predict";
import { type LoopResult, runImageLoop } from "../steps/loop/image-loop";
import { openLabelOutput } from "../steps/outputs/label-output";
import { openPhotographHashes } from "../steps/sources/input-hashes";
import { openWeakLabels, type WeakLabelKind, type WeakLabelsOfImage } from "../steps/sources/weak-label-source";
import { type Doubt, doubtOf, marginOf } from "./doubt";
import { jointProbabilities } from "./joint-probabilities";
import { ownLabelFolders, ownProbabilities, ownSettings, unsharpened } from "./own-labels";
import type { Plan } from "./plan";
import type { ClassProbabilities } from "./probability-maps";
import { type Surveyed, wanted } from "./survey";

export interface JointLabels {
  readonly labels: string;
  readonly overlays: string;
  /** What the next round is trained on: the labels, unknown where the network is unsure. */
  readonly training: string;
}

/** What the report tells of a photograph. */
export interface Finding extends Doubt {
  readonly id: string;
  readonly kind?: WeakLabelKind;
  /** Pixels of each class in the final label, by the class's number. */
  readonly pixels: Readonly<Record<string, number>>;
  /** Of each class, where there is a weak label: pixels that its own label and the network have in common, and in either. */
  readonly agreement?: Readonly<Record<string, readonly [both: number, either: number]>>;
}

export function jointLabelFolders(out: string, round: number): JointLabels {
  const at = path.join(out, `round-${round}`);
  return {
    labels: path.join(at, "labels"),
    overlays: path.join(at, "overlays"),
    training: path.join(at, "training-labels"),
  };
}

/** Below this margin between its two best classes a pixel of an unlabelled photograph teaches the next round nothing. */
const SURE = 0.5;

interface Prepared {
  readonly image: RgbImage;
  readonly weak?: WeakLabelsOfImage;
  readonly own?: ClassProbabilities;
  readonly ownLabel?: LabelMap;
}

interface Computed extends UnsharpenedLabel {
  readonly settings: FinishConfig;
  readonly finding: Omit<Finding, "pixels">;
  readonly unsure?: Uint8Array;
}

/** @param weights of the network @param isLast whether no round follows */
export async function makeJointLabels(
  round: number,
  weights: string,
  isLast: boolean,
  photographs: readonly Surveyed[],
  config: LearnConfig,
  plan: Plan,
  dataset: DatasetDescription,
  sharpener: Sharpener,
  context: StepContext,
): Promise<LoopResult> {
  const folders = jointLabelFolders(config.out, round);
  const kinds = new Map(photographs.map(({ id, kind }) => [id, kind]));
  const weakLabels = await openWeakLabels({ voc12Root: config.voc12Root, supervision: "mixed" }, dataset);
  const settings = { refine: config.refine, flip: plan.flip, features: config.features };
  const marks = new Map(photographs.map(({ id, mark }) => [id, mark]));
  const hashes = openPhotographHashes(config.voc12Root, weights);
  const places = { savePath: folders.labels, overlay: folders.overlays };
  const output = await openLabelOutput(places, dataset, settings, {
    settings,
    inputsOf: async (id) => ({ ...(await hashes(id)), weakLabel: marks.get(id) ?? "none" }),
    readImage: async (id) => readRgb(await findImage(config.voc12Root, id)),
  });
  const count = dataset.classes.length;
  const segmenter = await openSegmenter(weights, count);
  const ownFolder = ownLabelFolders(config.out).labels;
  try {
    return await runImageLoop<Prepared, Computed>(
      {
        ids: photographs.map(({ id }) => id),
        output: { isDone: output.isDone, derive: output.derive },
        async prepare(id) {
          const image = await readRgb(await findImage(config.voc12Root, id));
          const own = kinds.get(id) === undefined ? undefined : await ownProbabilities(config.out, id, image);
          if (own === undefined) return { image };
          const weak = wanted(await weakLabels.labelsOf(id, image), config.supervision);
          return { image, weak, own, ownLabel: await readLabel(path.join(ownFolder, `${id}.png`)) };
        },
        async compute(id, { image, weak, own, ownLabel }) {
          const kind = kinds.get(id);
          const seen = classProbabilities(segmenter, image, { flip: plan.flip });
          const doubt = doubtOf(seen, count, image);
          if (weak === undefined || own === undefined || ownLabel === undefined || kind === undefined) {
            const unsure = isLast ? undefined : unsurePixels(seen, count);
            const classes = [...dataset.classes.keys()];
            const alone = { image, probabilities: seen, classes, boxes: [], ignore: dataset.ignore };
            return { ...alone, settings: NETWORK_CRF, finding: { id, ...doubt }, unsure };
          }
          const agreement = agreementOf(ownLabel.data, seen, count);
          const joint = config.refine === "none" ? own : jointProbabilities(own, seen, count);
          const settings = ownSettings(kind, config, plan);
          return { ...unsharpened(joint, image, weak, dataset), settings, finding: { id, kind, ...doubt, agreement } };
        },
        async finish(id, { settings, finding, unsure, ...label }) {
          const finished = await finishLabel(label, settings, sharpener);
          const { data } = finished.label;
          const pixels: Record<string, number> = {};
          for (const value of data) pixels[value] = (pixels[value] ?? 0) + 1;
          await writeAtomic(findingFile(folders, id), `${JSON.stringify({ ...finding, pixels })}\n`);
          if (!isLast) {
            const known = data.map((value, i) => (unsure?.[i] === 1 ? dataset.ignore : value));
            await writeLabel(
              path.join(folders.training, `${id}.png`),
              { ...finished.label, data: known },
              dataset.palette,
            );
          }
          await output.write(id, label.image, finished);
        },
      },
      context,
    );
  } finally {
    segmenter.dispose();
  }
}

/** Findings of the photographs that are labelled, in the order of the list. */
export async function readFindings(folders: JointLabels, ids: readonly string[]): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const id of ids) {
    const file = findingFile(folders, id);
    if (await fileExists(file)) found.push(JSON.parse(await fs.readFile(file, "utf8")));
  }
  return found;
}

/** 1 where the two best classes of a pixel are close. @param seen [H·W, K] */
export function unsurePixels(seen: Float32Array, count: number): Uint8Array {
  return Uint8Array.from({ length: seen.length / count }, (_, i) => (marginOf(seen, i * count, count) < SURE ? 1 : 0));
}

// --- internal ---

const NETWORK_CRF: FinishConfig = defaultsOf(segmentOptions);

function findingFile(folders: JointLabels, id: string): string {
  return path.join(folders.labels, "findings", `${id}.json`);
}

function agreementOf(own: Uint8Array, seen: Float32Array, count: number): NonNullable<Finding["agreement"]> {
  const both = new Uint32Array(count);
  const either = new Uint32Array(count);
  for (const [i, label] of own.entries()) {
    if (label >= count) continue;
    let best = 0;
    for (let k = 1; k < count; k++) if (seen[i * count + k] > seen[i * count + best]) best = k;
    either[label]++;
    if (best === label) both[label]++;
    else either[best]++;
  }
  return Object.fromEntries(
    [...either.entries()].flatMap(([k, pixels]) => (pixels > 0 ? [[k, [both[k], pixels] as const]] : [])),
  );
}
