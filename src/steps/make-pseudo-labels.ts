/**
 * `make-pseudo-labels`: from a photograph and its weak label to a label of every pixel (docs/method.md, section 3;
 * reference train_infer_A2GNN_box.py and _others.py). Per image: seed label and graph, a graph network trained from
 * scratch on them, its probabilities at the image's size, the random walk of CAMs where there are any, the dense CRF.
 *
 * The next image is read and the last one sharpened in other threads while the network trains. Nothing depends on the
 * order or the company of images: random numbers come from the seed and the image's name alone.
 */

import path from "node:path";
import { ignoredFlags, type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "../config/make-pseudo-labels";
import { type ResolvedConfig, resolveConfig } from "../config/pseudo-label-presets";
import type { DatasetDescription } from "../data/dataset";
import { findImage, type RgbImage } from "../data/image";
import { limitToBoxes } from "../graph/box-limit";
import { fitImage, type LabelInput, labelFromLogits } from "../graph/label-image";
import type { InstanceMark } from "../instances/instance-mark";
import { deriveSeed } from "../random";
import { collectNotices, silentReporter } from "../running/reporter";
import type { Step, StepContext, Summary } from "../running/step";
import { type ImageLoop, runImageLoop } from "./loop/image-loop";
import { openImages } from "./loop/open-images";
import { type FitStore, openFitStore } from "./outputs/fit-store";
import type { InstancesWritten } from "./outputs/instance-label-output";
import { type KnownOfImage, type ObjectsOfImage, openLabelOutput } from "./outputs/label-output";
import { recordRun } from "./outputs/run-record";
import { type GraphSource, openGraphSource } from "./sources/graph-source";
import { classesOf, renumbered } from "./sources/image-classes";
import { openMarkSource } from "./sources/mark-source";
import { type PreparedImage, prepareImage } from "./sources/prepare-image";
import { reducedInput } from "./sources/reduced-input";
import { openSeedSource } from "./sources/seed-source";

export interface MakePseudoLabelsSummary extends Summary {
  readonly split: string;
  readonly supervision: string;
  /** What the graph was built from: weight file, or handcrafted. */
  readonly features: string;
  readonly savePath: string;
  /** Images that a stop left undone. */
  readonly left: number;
  /** With `instances`. */
  readonly instances?: InstancesWritten;
}

export const makePseudoLabels: Step<MakePseudoLabelsConfig, MakePseudoLabelsSummary> = {
  name: "make-pseudo-labels",
  about: "label every pixel of every image from boxes, scribbles, points, or image tags",
  options: makePseudoLabelsOptions,
  ignored: ignoredFlags,
  examples: [
    "a2gnn make-pseudo-labels --supervision box --voc12-root my-photographs",
    "a2gnn make-pseudo-labels --voc12_root VOC2012 --BoxXmlpath VOC2012/Annotations --weights aff_box.pth --save_path out/box_pred --seed_label_root Init_Label/SEAM_Box",
    "a2gnn make-pseudo-labels --rw False --voc12_root VOC2012 --weights aff_scribble.pth --save_path out/scribble_pred --seed_label_root Init_Label/Scribble_SuperPixel",
    "a2gnn make-pseudo-labels --rw True --voc12_root VOC2012 --weights aff_point.pth --save_path out/point_pred --seed_label_root Init_Label/SEAM_Point --cam_dir cam",
  ],
  needsBackend: true,
  run,
};

interface PreparedObjects extends PreparedImage {
  /** With `instances`. */
  readonly marks?: readonly InstanceMark[];
}

interface Computed {
  readonly image: RgbImage;
  /** [H·W, K] of `known.classes` */
  readonly probabilities: Float32Array;
  readonly known: KnownOfImage;
}

async function run(
  given: Partial<MakePseudoLabelsConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<MakePseudoLabelsSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const { config, notices: inferred } = resolveConfig(given);
  const { dataset, list, ids, shard } = await openImages(config, given);
  for (const message of [...inferred, ...list.notices]) notice(message);
  const { savePath, overlay, outProb, fits: _fits, inferList, shard: _shard, crfThreads, ...settings } = config;
  const output = await openLabelOutput(config, dataset, settings, notice);
  output.notices.forEach(notice);
  try {
    const seeds = await openSeedSource(config, dataset);
    const marksOf = config.instances ? await openMarkSource(config, dataset) : undefined;
    const fits = await openFitStore(config);
    const graphs = await openGraphSource(config);
    try {
      const loop: ImageLoop<PreparedObjects, Computed> = {
        ids,
        isDone: output.isDone,
        prepare: async (id) => {
          const say = (message: string): void => notice(`image "${id}": ${message}`);
          const prepared = await prepareImage(id, config, dataset, seeds, say);
          return { ...prepared, marks: await marksOf?.(id, prepared.image, prepared.boxes) };
        },
        compute: (id, prepared, say) => probabilitiesOf(id, prepared, graphs, fits, config, dataset, say),
        finish: (id, { image, probabilities, known }) => output.write(id, image, probabilities, known),
        finishing: config.crfThreads,
      };
      const result = await runImageLoop(loop, context);
      if (result.left > 0) notice(`stopped: ${result.left} images not begun; the same command labels them`);
      const instances = await output.mergeInstances(list.ids);
      const summary: MakePseudoLabelsSummary = {
        step: "make-pseudo-labels",
        split: list.split,
        supervision: config.supervision,
        features: graphs.description,
        savePath: config.savePath,
        images: ids.length,
        ...result,
        seconds: (performance.now() - started) / 1000,
        notices,
        ...(instances === undefined ? {} : { instances }),
      };
      const weights = config.features === "cnn" ? config.weights : undefined;
      await recordRun(config.savePath, summary, { ...config }, weights, shard);
      return summary;
    } finally {
      graphs.dispose();
    }
  } finally {
    await output.close();
  }
}

/**
 * Builds the graph, trains on it or takes what was trained before, infers. With a network's features for all classes of
 * the data set, as in the reference; with handcrafted ones for those alone that the weak label names.
 */
async function probabilitiesOf(
  id: string,
  { image, seed, boxes, maps, marks }: PreparedObjects,
  graphs: GraphSource,
  fits: FitStore,
  config: ResolvedConfig,
  dataset: DatasetDescription,
  say: (detail: string) => void,
): Promise<Computed> {
  const small = reducedInput({ image, seed, boxes }, config.graphSide, dataset.ignore);
  const graph = await graphs.graphOf(small.image, id);
  try {
    const steps = [config.epochs, config.crfEpochs] as const;
    const total = steps[0] + steps[1];
    const { ignore } = dataset;
    const whole: LabelInput = { image, graph, seed, boxes, maps, classes: dataset.classes.length, ignore };
    const classes = config.features === "handcrafted" ? classesOf(whole) : [...dataset.classes.keys()];
    const input = renumbered(whole, classes);
    const training = renumbered({ ...whole, ...small }, classes);
    const options = {
      hidden: config.hidden,
      layers: config.layers,
      affinityWeight: config.affinityWeight,
      dropout: config.dropout,
      learningRate: config.lr,
      weightDecay: config.weightDecay,
      steps,
      crfWeight: config.crfWeight,
      multiPoint: config.multiPoint,
      consistencyThreshold: config.consistencyThreshold,
      seed: deriveSeed(config.seed, id),
      seedPadding: config.seedPadding === "ignore" ? ignore : 0,
    };
    const logits = await fits.logitsOf(id, training, options, async () => {
      const told = (step: number, loss: number): void => say(`step ${step + 1}/${total}  loss ${loss.toFixed(3)}`);
      return (await fitImage(training, options, told)).logits;
    });
    const walk = { alpha: config.alpha, beta: config.beta, logt: config.logt, weight: config.rwWeight };
    const logitResize = small.image === image ? config.logitResize : "direct";
    const { probabilities } = labelFromLogits(input, logits, { logitResize, ...(config.rw ? { walk } : {}) });
    const limit = (scores: Float32Array): void => limitToBoxes(scores, input.boxes, classes.length, image);
    if (config.boxLimit) limit(probabilities);
    const known = { classes, ...(config.boxLimit ? { limit } : {}) };
    if (marks === undefined) return { image, probabilities, known };
    const cell = graph.stride * Math.max(image.width / small.image.width, image.height / small.image.height);
    const objects: ObjectsOfImage = {
      marks,
      graph: { affinity: graph.affinity, cell },
      fileName: path.basename(await findImage(config.voc12Root, id)),
      ...(config.seedLabelRoot === undefined ? {} : { seed }),
    };
    return { image, probabilities, known: { ...known, objects } };
  } finally {
    graph.dispose();
  }
}
