/**
 * Backbones that have seen pictures before, as ImageNet's have: trained to tell which thing a drawn portrait shows, from its
 * tag alone, by the project's own training loop. What comes out is read by `train-segmenter --weights`.
 */

import { completeConfig } from "../../src/config/option";
import { type TrainingConfig, trainingOptions } from "../../src/config/training";
import { readDataset } from "../../src/data/dataset";
import { type ImageTags, readImageTags } from "../../src/data/image-tags";
import { parameterSource } from "../../src/network/parameter-source";
import { singleProcess } from "../../src/parallel/communicator";
import type { StepContext } from "../../src/running/step";
import { Segmenter } from "../../src/segmentation/segmenter";
import { calibrateNorms } from "../../src/training/calibrate";
import type { Schedule } from "../../src/training/epoch-order";
import { type OpenTraining, runTraining, type TrainingSummary } from "../../src/training/run-training";
import { createSampleLoader } from "../../src/training/sample-loader";
import type { SeamSampleConfig, UntaggedSample } from "../../src/training/seam/seam-sample";
import { type SegmentationInput, segmentationTask } from "../../src/training/segmentation/segmentation-task";
import type { SampleLoader } from "../../src/training/task";
import { usableImages } from "../../src/training/usable-images";
import { type BackboneName, classifier, classifierShape } from "./classifier";

export interface BackboneTraining {
  readonly backbone: BackboneName;
  /** Portraits with a tag each. */
  readonly root: string;
  readonly width: number;
  readonly epochs: number;
  readonly seed: number;
  /** Of the results: NAME.safetensors and so on. */
  readonly sessionName: string;
}

/** Pixels: portraits are resized to the range, and cut to the square. */
const LONG_SIDE = [64, 80] as const;
const CROP = 64;

/** Without normalisations a smaller rate. */
const RATES: Readonly<Record<BackboneName, number>> = {
  vgg16: 0.003,
  resnet101: 0.05,
  "resnet101-deep-stem": 0.05,
  resnet18: 0.05,
};

/** Goes on where it was stopped; what is done is not done again. */
export async function trainBackbone(
  { backbone, root, ...given }: BackboneTraining,
  context: StepContext,
): Promise<TrainingSummary> {
  const learningRate = RATES[backbone];
  const config = completeConfig<TrainingConfig>(
    {
      ...given,
      voc12Root: root,
      trainList: "train.txt",
      learningRate,
      batchSize: 16,
      momentum: 0.9,
      cropSize: CROP,
      jitter: false,
    },
    trainingOptions({ sessionName: backbone, weights: "none" }),
  );
  const images = await usableImages(config, true);
  const dataset = await readDataset(root);
  const tags = await readImageTags(root, dataset);
  const things = dataset.classes.length - 1;
  const run = { backbone };
  const plan = {
    step: "train-backbone",
    config,
    images,
    run,
    open: (schedule: Schedule) => open(config, backbone, things, tags, schedule),
  };
  return runTraining<SegmentationInput>(plan, singleProcess, context);
}

async function open(
  { voc12Root: root, width, seed, cropSize, numWorkers }: TrainingConfig,
  backbone: BackboneName,
  things: number,
  tags: ImageTags,
  schedule: Schedule,
): Promise<OpenTraining<SegmentationInput>> {
  const shape = classifierShape(backbone, width as number, things);
  const norm = backbone === "vgg16" ? "frozen" : "batch";
  const network = classifier(backbone, shape);
  const initial = { network, trained: norm, initialSeed: seed, fromScratch: true } as const;
  const segmenter = await Segmenter.load(parameterSource(new Map()), shape, initial);
  const module = require.resolve("../../src/training/seam/seam-sample");
  const pictures = { root, cropSize, longSide: LONG_SIDE, jitter: undefined };
  const loader = createSampleLoader<SeamSampleConfig, UntaggedSample>(module, pictures, numWorkers);
  if (!segmenter.store.hasNorms) await calibrateNorms(segmenter, loader, schedule, cropSize);
  return {
    task: segmentationTask(segmenter, { norm, balanced: false, dropout: false, cropSize }),
    loader: withTag(loader, tags),
    notices: [],
    dispose: () => segmenter.dispose(),
  };
}

/** Samples with the one tag of their portrait as label of the one cell, 0 = the first thing. */
function withTag(loader: SampleLoader<UntaggedSample>, tags: ImageTags): SampleLoader<SegmentationInput> {
  return {
    ...loader,
    async load(request) {
      const [tag] = await tags.tagsOf(request.id);
      return { ...(await loader.load(request)), labels: [Uint8Array.of(tag - 1)] };
    },
  };
}
