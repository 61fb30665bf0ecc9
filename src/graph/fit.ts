/**
 * Trains one graph network on one image's own seeds, then labels its nodes (docs/method.md, sections 3.2 and 3.3;
 * reference train_infer_A2GNN_box.py and _others.py): a phase without and a phase with the gated CRF loss, one Adam
 * state across both.
 */

import * as tf from "@tensorflow/tfjs";
import type { Box } from "../data/voc-boxes";
import { expected, UserError } from "../errors";
import { deriveSeed } from "../random";
import { valuesOf } from "../tensor-values";
import {
  type A2gnnState,
  a2gnnBackward,
  a2gnnForward,
  dropoutFactors,
  initialParameters,
  parameterList,
  parametersFromList,
} from "./a2gnn";
import { Adam } from "./adam";
import { type AttentionWindow, attentionWeights, createAttentionWindow } from "./attention";
import { checkConsistency } from "./consistency-check";
import { type CompleteFitOptions, completeFitOptions, type FitOptions } from "./fit-options";
import {
  createGatedCrf,
  type GatedCrf,
  GRAPH_KERNEL_RADIUS,
  GRAPH_KERNELS,
  gatedCrfKernels,
  gatedCrfLoss,
  throughSoftmax,
} from "./gated-crf";
import type { ImageGraph } from "./image-graph";
import { type ClippedBox, clipBoxes, findPoints, multiPointLoss } from "./multi-point";
import { createSeedTargets, type SeedTargets, seedCrossEntropy } from "./seed-cross-entropy";
import { createUpsampler, type Upsampler } from "./upsample";

/** Letters: n = height·width nodes of the graph, K classes. */
export interface FitInput {
  readonly graph: ImageGraph;
  /** K, background included. */
  readonly classes: number;
  /** The label of unknown pixels. */
  readonly ignore: number;
  /** Seed label of the padded image, row-major [8·height · 8·width]. Not changed: consistency checking edits a copy. */
  readonly seed: Uint8Array;
  /** Boxes of the multi-point loss; empty for other supervision. */
  readonly boxes: readonly Box[];
  /** The normalised, padded image resized to the grid, [n·3]. */
  readonly colour: Float32Array;
}

export interface FitResult {
  /** Training loss of every step. */
  readonly losses: Float32Array;
  /** Logits of the grid without dropout, after training: [n, K]. */
  readonly logits: Float32Array;
  /** W₀ after training, [channels kept, hidden]. */
  readonly embedding: Float32Array;
  /** Learned β of each layer. */
  readonly betas: Float32Array;
  /** W₁ after training, [hidden, K]. */
  readonly outputWeights: Float32Array;
  /** Seed pixels that consistency checking made unknown. */
  readonly inconsistent: number;
  /** P of each layer as windowed arrays [n, d·d], if asked for. */
  readonly attention?: readonly Float32Array[];
}

/** @param onStep called after every step with its index and loss; the event loop turns in between */
export async function fitGraph(
  input: FitInput,
  given: FitOptions = {},
  onStep?: (step: number, loss: number) => void,
): Promise<FitResult> {
  const { graph, classes, colour } = input;
  checkInput(input);
  const options = completeFitOptions(given);
  const from = [graph.height, graph.width] as const;
  const to = [graph.height * 8, graph.width * 8] as const;
  const upsampler = createUpsampler(from, to);
  const window = createAttentionWindow(graph.affinity, ...from, graph.radius, options.affinityWeight);
  const kernels = gatedCrfKernels(colour, ...from, GRAPH_KERNEL_RADIUS, GRAPH_KERNELS);
  const crf = options.steps[1] > 0 ? createGatedCrf(kernels, ...from, GRAPH_KERNEL_RADIUS) : undefined;
  const seeds = new Seeds(input, upsampler);
  const adam = new Adam(parameterList(options.initial ?? initialParameters(graph, { ...options, classes })), options);
  const boxes = options.multiPoint ? clipBoxes(input.boxes, to) : [];
  try {
    const total = options.steps[0] + options.steps[1];
    const losses = new Float32Array(total);
    for (let step = 0; step < total; step++) {
      options.signal?.throwIfAborted();
      const withCrf = step >= options.steps[0] ? crf : undefined;
      losses[step] = trainStep({ graph, window, upsampler, seeds, boxes, crf: withCrf, adam, options, step });
      if (!Number.isFinite(losses[step]))
        throw new UserError("input", `the training loss became ${losses[step]} at step ${step + 1} of ${total}`);
      onStep?.(step, losses[step]);
      await new Promise(setImmediate); // let decoding, workers and signals have their turn
    }
    const parameters = parametersFromList(adam.parameters);
    const attention: Float32Array[] = [];
    const logits = valuesOf(() => {
      const state = a2gnnForward(graph.features, parameters, window);
      if (options.keepAttention) attention.push(...state.layers.map((layer) => attentionWeights(layer, window)));
      return state.logits;
    });
    return {
      losses,
      logits,
      embedding: parameters.embedding.dataSync() as Float32Array,
      betas: Float32Array.from(parameters.betas, (beta) => beta.dataSync()[0]),
      outputWeights: parameters.output.dataSync() as Float32Array,
      inconsistent: seeds.inconsistent,
      ...(options.keepAttention ? { attention } : {}),
    };
  } finally {
    adam.dispose();
    seeds.dispose();
    crf?.dispose();
    window.dispose();
    upsampler.dispose();
  }
}

/** The seed targets, made again when consistency checking edits the seed. */
class Seeds {
  targets: SeedTargets;
  inconsistent = 0;
  readonly labels: Uint8Array;

  constructor(
    private readonly input: FitInput,
    private readonly upsampler: Upsampler,
  ) {
    this.labels = input.seed.slice();
    this.targets = createSeedTargets(this.labels, input.classes, input.ignore, upsampler);
  }

  get ignore(): number {
    return this.input.ignore;
  }

  edited(count: number): void {
    if (count === 0) return;
    this.inconsistent += count;
    this.targets.dispose();
    this.targets = createSeedTargets(this.labels, this.input.classes, this.input.ignore, this.upsampler);
  }

  dispose(): void {
    this.targets.dispose();
  }
}

interface StepInput {
  readonly graph: ImageGraph;
  readonly window: AttentionWindow;
  readonly upsampler: Upsampler;
  readonly seeds: Seeds;
  readonly boxes: readonly ClippedBox[];
  readonly crf: GatedCrf | undefined;
  readonly adam: Adam;
  readonly options: CompleteFitOptions;
  readonly step: number;
}

/** Forward, losses, backward, update. @returns the loss */
function trainStep(input: StepInput): number {
  const { graph, window, upsampler, seeds, boxes, crf, adam, options, step } = input;
  const parameters = parametersFromList(adam.parameters);
  let loss = 0;
  const gradients = tf.tidy(() => {
    const shape = [graph.height * graph.width, options.hidden] as const;
    const dropout =
      options.dropout > 0
        ? dropoutFactors(shape, options.dropout, deriveSeed(options.seed, "dropout", step))
        : undefined;
    const state = a2gnnForward(graph.features, parameters, window, dropout);
    const losses = tf.tidy(() => ({ ...stepLosses(state, { upsampler, seeds, boxes, crf, options }) }));
    loss = losses.value.dataSync()[0];
    return a2gnnBackward(graph.features, parameters, state, window, losses.dLogits, losses.dNodes).gradients;
  });
  adam.step(gradients);
  tf.dispose(gradients);
  return loss;
}

/** The gradients of all losses of a step; everything of image size is freed before the backward pass. */
interface StepLosses {
  readonly value: tf.Tensor;
  readonly dLogits: tf.Tensor2D;
  readonly dNodes?: tf.Tensor2D;
}

/** The consistency check comes before the cross-entropy, as in the reference. */
function stepLosses(
  { logits, nodes }: A2gnnState,
  { upsampler, seeds, boxes, crf, options }: Pick<StepInput, "upsampler" | "seeds" | "boxes" | "crf" | "options">,
): StepLosses {
  const pixels = upsampler.up(logits); // [H·W, K]
  const losses: StepLosses[] = [];
  if (boxes.length > 0) {
    const points = findPoints(pixels, boxes, upsampler);
    const { prototypes, ...multi } = multiPointLoss(pixels, nodes, points, upsampler);
    losses.push(multi);
    // The nodes are averages of ReLU outputs: without a threshold above 0 the check cannot fire.
    const { consistencyThreshold: threshold } = options;
    if (threshold > 0)
      seeds.edited(
        checkConsistency(seeds.labels, nodes, points, prototypes, upsampler, { threshold, ignore: seeds.ignore }),
      );
  }
  losses.push(
    tf.tidy(() => {
      const { value, gradient } = seedCrossEntropy(logits, pixels, seeds.targets, upsampler);
      return { value, dLogits: gradient };
    }),
  );
  if (crf !== undefined && options.crfWeight !== 0) {
    const probabilities = tf.softmax(logits);
    const { value, gradient } = gatedCrfLoss(probabilities, crf);
    const dLogits = throughSoftmax(probabilities, tf.mul(gradient, options.crfWeight));
    losses.push({ value: tf.mul(value, options.crfWeight), dLogits });
  }
  const dNodes = losses.find((loss) => loss.dNodes !== undefined)?.dNodes;
  return {
    value: tf.addN(losses.map((loss) => loss.value)),
    dLogits: tf.addN(losses.map((loss) => loss.dLogits)),
    ...(dNodes === undefined ? {} : { dNodes }),
  };
}

/**
 * Softmax of the grid's logits at the image's pixels, [H·W, K]. The logits of the padded grid are resized straight to the
 * un-padded size, as in the reference (not resized to the padded size and cropped).
 */
export function upsampleProbabilities(
  logits: Float32Array,
  grid: readonly [number, number],
  image: readonly [number, number],
): Float32Array {
  const upsampler = createUpsampler(grid, image);
  const n = grid[0] * grid[1];
  const probabilities = valuesOf(() => tf.softmax(upsampler.up(tf.tensor2d(logits, [n, logits.length / n]))));
  upsampler.dispose();
  return probabilities;
}

function checkInput({ graph, seed, colour }: FitInput): void {
  const n = graph.height * graph.width;
  const grid = `graph of ${graph.height}×${graph.width} cells`;
  if (seed.length !== n * 64) throw expected("input", `${n * 64} seed pixels`, `${seed.length}`, grid);
  if (colour.length !== n * 3) throw expected("input", `${n * 3} colours`, `${colour.length}`, grid);
}
