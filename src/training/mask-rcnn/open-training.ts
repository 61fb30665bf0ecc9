/** A training of Mask R-CNN from the options of `train-segmenter`. */

import type { InstanceModelName } from "../../config/segmentation-models";
import type { TrainSegmenterConfig } from "../../config/train-segmenter";
import type { DatasetDescription } from "../../data/dataset";
import { UserError } from "../../errors";
import { TRAINING_JITTER } from "../../image-ops/colour-jitter";
import { SIZE_MULTIPLE } from "../../mask-rcnn/network";
import { openTrainableInstances } from "../../mask-rcnn/open-instance-segmenter";
import { calibrateNorms } from "../calibrate";
import type { Schedule } from "../epoch-order";
import type { OpenTraining } from "../run-training";
import { createSampleLoader } from "../sample-loader";
import type { SampleLoader } from "../task";
import type { UsableImages } from "../usable-images";
import type { InstanceSample, InstanceSampleOptions } from "./instance-sample";
import { type InstanceFiles, objectsKnown } from "./instance-truth";
import { maskRcnnTask } from "./mask-rcnn-task";

export type InstanceTrainingConfig = TrainSegmenterConfig & { readonly model: InstanceModelName };

/** Leaves out images that have no object, unless they are learned from as background. @throws UserError "input" */
export async function imagesWithObjects(
  images: UsableImages,
  config: InstanceTrainingConfig,
  dataset: DatasetDescription,
): Promise<UsableImages> {
  const hasObjects = await objectsKnown(instanceFiles(config, dataset));
  const full: string[] = [];
  for (const id of images.ids) if (await hasObjects(id)) full.push(id);
  const empty = images.ids.length - full.length;
  if (full.length === 0)
    throw new UserError(
      "input",
      `none of ${images.ids.length} images has an object in ${config.instances ?? config.objectDir}`,
    );
  if (empty === 0) return images;
  const isLearned = config.emptyImages === "negatives";
  const fate = isLearned
    ? "learned from as background"
    : "left out (--empty-images negatives learns from them as background)";
  const notices = [...images.notices, `images without an object, ${fate}: ${empty}`];
  return { ...images, ids: isLearned ? images.ids : full, notices };
}

/** @throws UserError "usage", "weights" */
export async function openInstanceTraining(
  config: InstanceTrainingConfig,
  dataset: DatasetDescription,
  schedule: Schedule,
): Promise<OpenTraining<InstanceSample>> {
  const { segmenter, notices } = await openTrainableInstances(config, dataset.classes.length);
  const loader = createSampleLoader<InstanceSampleOptions, InstanceSample>(
    require.resolve("./instance-sample"),
    {
      ...instanceFiles(config, dataset),
      voc12Root: config.voc12Root,
      annotationFrame: config.annotationFrame,
      input: segmenter.input,
      variant: segmenter.variant.name,
      shortSides: config.shortSide,
      longSide: config.longSide,
      jitter: config.jitter ? TRAINING_JITTER : undefined,
    },
    config.numWorkers,
  );
  if (segmenter.fromScratch) {
    const side = SIZE_MULTIPLE * Math.ceil(Math.min(...config.shortSide) / SIZE_MULTIPLE);
    await calibrateNorms(segmenter, cornersOf(loader, side), schedule, side);
  }
  return {
    task: maskRcnnTask(segmenter, { held: config.microBatch }),
    loader,
    notices,
    dispose: () => segmenter.dispose(),
  };
}

function instanceFiles(
  { instances, objectDir, labelDir }: InstanceTrainingConfig,
  dataset: DatasetDescription,
): InstanceFiles {
  return { instances, objectDir, labelDir, dataset };
}

/** The upper left square of each sample, so that many fit in one tensor. */
function cornersOf(loader: SampleLoader<InstanceSample>, side: number): SampleLoader<{ readonly image: Float32Array }> {
  return {
    ...loader,
    async load(request) {
      const { image, padded } = await loader.load(request);
      const corner = new Float32Array(side * side * 3);
      const [rows, columns] = [Math.min(side, padded.height), Math.min(side, padded.width)];
      for (let y = 0; y < rows; y++) {
        const from = y * padded.width * 3;
        corner.set(image.subarray(from, from + columns * 3), y * side * 3);
      }
      return { image: corner };
    },
  };
}
