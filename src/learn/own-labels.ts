/**
 * The first stage of `learn`: every photograph that has a weak label gets a label from it alone, by `labelPhotograph`.
 * Beside the label its probabilities before the dense CRF are kept, so that the network's can join them later without
 * training the graph network again.
 */

import path from "node:path";
import type { LearnConfig } from "../config/learn";
import { type ResolvedLabelConfig, resolveLabelConfig } from "../config/pseudo-label-presets";
import type { DatasetDescription, ImageSize } from "../data/dataset";
import { findImage, type RgbImage, readRgb } from "../data/image";
import type { Sharpener } from "../dense-crf/sharpen";
import { finishLabel } from "../label-photograph/finish-label";
import { type GraphSource, openGraphSource } from "../label-photograph/graph-source";
import { labelPhotograph } from "../label-photograph/label-photograph";
import type { UnsharpenedLabel } from "../label-photograph/label-probabilities";
import type { StepContext } from "../running/step";
import { drawnPixels } from "../seeds/point-rule";
import { findBackbone } from "../setup/backbone";
import { type LoopResult, runImageLoop } from "../steps/loop/image-loop";
import { openLabelOutput } from "../steps/outputs/label-output";
import { openPhotographHashes } from "../steps/sources/input-hashes";
import { openWeakLabels, type WeakLabelKind, type WeakLabelsOfImage } from "../steps/sources/weak-label-source";
import type { Plan } from "./plan";
import { type ClassProbabilities, readMaps, writeMaps } from "./probability-maps";
import { type Surveyed, wanted } from "./survey";

/** Folders of the stage. */
export interface OwnLabels {
  readonly labels: string;
  readonly maps: string;
}

export function ownLabelFolders(out: string): OwnLabels {
  return { labels: path.join(out, "own-labels"), maps: path.join(out, "own-labels", "probabilities") };
}

interface Prepared {
  readonly image: RgbImage;
  readonly weak: WeakLabelsOfImage;
}

export async function makeOwnLabels(
  photographs: readonly Surveyed[],
  config: LearnConfig,
  plan: Plan,
  dataset: DatasetDescription,
  sharpener: Sharpener,
  context: StepContext,
): Promise<LoopResult> {
  const folders = ownLabelFolders(config.out);
  const labelled = photographs.filter(({ kind }) => kind !== undefined);
  const kinds = new Map(labelled.map(({ id, kind }) => [id, kind as WeakLabelKind]));
  const marks = new Map(labelled.map(({ id, mark }) => [id, mark]));
  const weakLabels = await openWeakLabels({ voc12Root: config.voc12Root, supervision: "mixed" }, dataset);
  const settings = { features: config.features, labelEpochs: plan.labelEpochs, seed: config.seed };
  const hashes = openPhotographHashes(config.voc12Root, undefined);
  const output = await openLabelOutput({ savePath: folders.labels }, dataset, settings, {
    settings,
    inputsOf: async (id) => ({ ...(await hashes(id)), weakLabel: marks.get(id) ?? "none" }),
    readImage: async (id) => readRgb(await findImage(config.voc12Root, id)),
  });
  const graphs = new Graphs();
  try {
    return await runImageLoop<Prepared, UnsharpenedLabel & { settings: ResolvedLabelConfig }>(
      {
        ids: labelled.map(({ id }) => id),
        output: { isDone: output.isDone, derive: output.derive },
        async prepare(id) {
          const image = await readRgb(await findImage(config.voc12Root, id));
          return { image, weak: wanted(await weakLabels.labelsOf(id, image), config.supervision) };
        },
        async compute(id, { image, weak }, say) {
          const settings = ownSettings(kinds.get(id) as WeakLabelKind, config, plan);
          const { width, height } = image;
          const given = {
            ...(weak.boxes.length > 0 ? { boxes: weak.boxes } : {}),
            ...(weak.points.length > 0 ? { clicks: weak.points } : {}),
            ...(weak.strokes === undefined ? {} : { strokes: { width, height, data: weak.strokes } }),
          };
          const made = await labelPhotograph(image, given, {
            ...settings,
            denseCrf: false,
            dataset,
            name: id,
            graph: await graphs.of(settings),
            signal: context.signal,
            onProgress: ({ step, total }) => step !== undefined && say(`step ${step}/${total}`),
          });
          const { probabilities, classes } = made;
          await writeMaps(folders.maps, id, { width, height, probabilities, classes });
          return { ...unsharpened({ probabilities, classes }, image, weak, dataset), settings };
        },
        async finish(id, { settings, ...label }) {
          await output.write(id, label.image, await finishLabel(label, settings, sharpener));
        },
      },
      context,
    );
  } finally {
    graphs.dispose();
  }
}

/** The options that a photograph's own label is made with. */
export function ownSettings(
  kind: WeakLabelKind,
  { seed, features }: LearnConfig,
  { labelEpochs }: Plan,
): ResolvedLabelConfig {
  const known = { supervision: kind, hasMaps: false, hasBackbone: findBackbone() !== undefined };
  const given = {
    supervision: kind,
    features,
    seed,
    rw: false,
    ...(labelEpochs === undefined ? {} : { epochs: labelEpochs }),
  };
  return resolveLabelConfig(given, known).config;
}

/** What the stage has found out about a photograph; undefined where it failed, or had nothing to do. */
export function ownProbabilities(out: string, id: string, size: ImageSize): Promise<ClassProbabilities | undefined> {
  return readMaps(ownLabelFolders(out).maps, id, size);
}

/** Probabilities with what holds in the end: boxes, strokes and clicks, in the numbers of the columns. */
export function unsharpened(
  { probabilities, classes }: Pick<ClassProbabilities, "probabilities" | "classes">,
  image: RgbImage,
  { boxes, points, strokes }: WeakLabelsOfImage,
  { ignore }: DatasetDescription,
): UnsharpenedLabel {
  const { width, height } = image;
  const columnOf = new Uint8Array(256).fill(ignore);
  for (const [column, label] of classes.entries()) columnOf[label] = column;
  const data = drawnPixels(points, strokes, image, ignore)?.map((label) => columnOf[label]);
  return {
    image,
    probabilities,
    classes,
    boxes: boxes.map((box) => ({ ...box, class: columnOf[box.class] })),
    ...(data === undefined ? {} : { drawn: { width, height, data } }),
    ignore,
  };
}

/** One source of graphs for each kind of features and radius, opened when it is first needed. */
class Graphs {
  private readonly sources = new Map<string, GraphSource>();

  async of(config: ResolvedLabelConfig): Promise<GraphSource> {
    const key = `${config.features} ${config.radius}`;
    const source = this.sources.get(key) ?? (await openGraphSource(config));
    this.sources.set(key, source);
    return source;
  }

  dispose(): void {
    for (const source of this.sources.values()) source.dispose();
  }
}
