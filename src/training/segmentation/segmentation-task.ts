/**
 * A segmentation network as a task of the training loop. Goldens 40 to 43.
 *
 * Where normalisations use the batch's statistics, a process's share is computed at once, and a process without any image of
 * the batch takes part in the sums with a blank one that counts nothing.
 */

import * as tf from "@tensorflow/tfjs";
import type { NormMode } from "../../config/norm-mode";
import type { NdArray } from "../../nd-array";
import type { Parameter } from "../../network/layer";
import type { Communicator } from "../../parallel/communicator";
import type { Learning } from "../../segmentation/network";
import type { Segmenter } from "../../segmentation/segmenter";
import { lossShare, stackImages } from "../gradients";
import type { LossShare, TrainedVariable, TrainingTask } from "../task";
import { countLabels, labelLoss, pixelWeights } from "./label-loss";
import type { SegmentationSample } from "./segmentation-sample";

export interface SegmentationTaskOptions {
  /** The network as the segmenter loaded it. */
  readonly norm: NormMode;
  /** Whether background and foreground count one half each, whatever their numbers of pixels. */
  readonly balanced: boolean;
  readonly dropout: boolean;
  /** Side of the samples. */
  readonly cropSize: number;
  readonly communicator?: Communicator;
}

/** What a training computes with. */
export type SegmentationInput = Pick<SegmentationSample, "image" | "labels" | "seed">;

/** @param segmenter loaded as trainable; the caller disposes it */
export function segmentationTask(
  segmenter: Segmenter,
  options: SegmentationTaskOptions,
): TrainingTask<SegmentationInput> {
  const { network, shape } = segmenter;
  const variables: TrainedVariable[] = segmenter.trainedVariables().map(({ parameter, variable }) => ({
    name: parameter.name,
    variable,
    ...learningOf(parameter, segmenter),
  }));
  const { outputs } = network;
  return {
    variables,
    statistics: segmenter.statistics().map(({ parameter: { name }, variable }) => ({ name, variable })),
    wholeShare: options.norm === "batch",
    lossNames: outputs.length === 1 ? ["loss"] : ["loss", ...outputs.map(({ name }) => name)],
    countNames: outputs.flatMap(({ name }) => [`${name} background`, `${name} foreground`]),
    count: (samples) =>
      outputs.flatMap((_, output) => {
        const counts = samples.map(({ labels }) => countLabels(labels[output], shape.classes));
        return [
          counts.reduce((sum, { background }) => sum + background, 0),
          counts.reduce((sum, { foreground }) => sum + foreground, 0),
        ];
      }),
    compute: (samples, counts) => computeShare(segmenter, variables, samples, counts, options),
    toStateDict: (): Promise<Map<string, NdArray>> => segmenter.toStateDict(),
  };
}

/** As the reference has it; from scratch, where every layer is new, none of them learns ten times as fast as the rest. */
function learningOf(parameter: Parameter, { network, fromScratch }: Segmenter): Learning {
  const { rate, decays } = network.learning(parameter);
  return { rate: fromScratch ? Math.max(1, rate / 10) : rate, decays };
}

function computeShare(
  segmenter: Segmenter,
  variables: readonly TrainedVariable[],
  given: readonly SegmentationInput[],
  counts: readonly number[],
  { balanced, dropout, cropSize, communicator }: SegmentationTaskOptions,
): LossShare {
  const { outputs } = segmenter.network;
  const samples = given.length > 0 ? given : [blankSample(segmenter, cropSize)];
  const images = stackImages(samples, cropSize);
  const maps = segmenter.backboneMaps(images); // outside the gradient
  const share = lossShare(variables, () => {
    const pass = {
      communicator,
      counts: given.length > 0,
      dropoutSeeds: dropout ? samples.map(({ seed }) => seed) : undefined,
    };
    const logits = maps === undefined ? segmenter.train(images, pass) : segmenter.trainFrom(maps, pass);
    const losses = logits.map((each, i) => {
      const weights = pixelWeights({ background: counts[2 * i], foreground: counts[2 * i + 1] }, balanced);
      const labels = samples.map((sample) => sample.labels[i]);
      return labelLoss(each, labels, weights);
    });
    if (losses.length === 1) return losses;
    const total = tf.addN(losses.map((loss, i) => loss.mul<tf.Scalar>(outputs[i].weight)));
    return [total, ...losses];
  });
  tf.dispose([images, ...(maps ?? [])]);
  return share;
}

/** Grey, and all of it unknown. */
function blankSample({ network, shape }: Segmenter, cropSize: number): SegmentationInput {
  return {
    image: new Float32Array(cropSize * cropSize * 3),
    labels: network.labelSides(cropSize).map((side) => new Uint8Array(side * side).fill(shape.classes)),
    seed: 0,
  };
}
