/**
 * Trains one graph network on one image's own seeds, then labels its nodes (docs/method.md, sections 3.2 and 3.3; reference
 * train_infer_A2GNN_box.py and _others.py): a phase without and a phase with the gated CRF loss, one optimiser state across
 * both. Network, losses and optimiser are parts: each has a default from the paper and can be replaced by another.
 */

import * as tf from "@tensorflow/tfjs";
import { expected, UserError } from "../errors";
import { createUpsampler } from "../image-ops/upsampler";
import type { NdArray } from "../nd-array";
import { valuesOf } from "../tensor-values";
import type { WindowedMap } from "../window/windowed-map";
import { a2gnn } from "./a2gnn";
import { Adam, type Optimiser } from "./adam";
import { type CompleteFitOptions, completeFitOptions, type FitOptions } from "./fit-options";
import { gatedCrf } from "./gated-crf";
import type { FitInput, Loss } from "./loss";
import { multiPoint } from "./multi-point";
import { type OpenNodeNetwork, parameterGradients } from "./node-network";
import { drawnCrossEntropy, seedCrossEntropy } from "./seed-cross-entropy";
import { StepLosses } from "./step-losses";

export type { FitInput } from "./loss";

export interface FitResult {
  /** Training loss of every step. */
  readonly losses: Float32Array;
  /** The same per term, by the names of the losses; 0 in steps where a term did not count. */
  readonly terms: Readonly<Record<string, Float32Array>>;
  /** Logits of the grid without dropout, after training: [n, K]. */
  readonly logits: Float32Array;
  /** The network's parameters after training, in its own order; A2GNN's: W₀, β of each layer, W₁. */
  readonly parameters: readonly NdArray<Float32Array>[];
  /** Seed pixels that losses changed, as consistency checking does. */
  readonly inconsistent: number;
  /** P of each layer, if asked for. */
  readonly attention?: readonly WindowedMap[];
}

/**
 * @param onStep called for every step, in order, with its index and loss; with `lossEvery`, for several at once. The event
 *   loop turns between steps
 */
export async function fitGraph(
  input: FitInput,
  given: FitOptions = {},
  onStep?: (step: number, loss: number) => void,
): Promise<FitResult> {
  const { graph, classes } = input;
  checkInput(input);
  const options = completeFitOptions(given);
  const {
    losses = recipeLosses(options, input.drawn !== undefined),
    network: open = a2gnn(options),
    optimiser: optimise = (parameters) => new Adam(parameters, options),
  } = options;
  const { height, width, stride } = graph;
  const upsampler = createUpsampler([height, width], [height * stride, width * stride]);
  const total = options.steps[0] + options.steps[1];
  const terms = new StepLosses(input, losses, upsampler, total);
  let network: OpenNodeNetwork | undefined;
  let optimiser: Optimiser | undefined;
  try {
    network = open(graph, { classes, seed: options.seed });
    optimiser = optimise(startingParameters(network, options.initial));
    for (let step = 0; step < total; step++) {
      options.signal?.throwIfAborted();
      trainStep(network, optimiser, terms, step);
      if ((step + 1) % options.lossEvery === 0 || step + 1 === total)
        for (const read of terms.read()) {
          const loss = terms.totals[read];
          if (!Number.isFinite(loss))
            throw new UserError("input", `the training loss became ${loss} at step ${read + 1} of ${total}`);
          onStep?.(read, loss);
        }
      await new Promise(setImmediate); // let decoding, workers and signals have their turn
    }
    return {
      losses: terms.totals,
      terms: terms.curves,
      ...inferred(network, optimiser.parameters, options.keepAttention),
      parameters: optimiser.parameters.map((tensor) => ({
        shape: tensor.shape,
        data: tensor.dataSync() as Float32Array,
      })),
      inconsistent: terms.seed.edited,
    };
  } finally {
    optimiser?.dispose();
    terms.dispose();
    network?.dispose?.();
    upsampler.dispose();
  }
}

/** The reference's terms. The consistency check comes before the cross-entropy, as there. */
function recipeLosses(
  { steps, crfWeight, multiPoint: boxes, consistencyThreshold }: CompleteFitOptions,
  corrected: boolean,
): Loss[] {
  return [
    ...(boxes ? [multiPoint({ consistencyThreshold })] : []),
    seedCrossEntropy(),
    ...(corrected ? [drawnCrossEntropy()] : []),
    ...(steps[1] > 0 && crfWeight !== 0 ? [gatedCrf({ weight: crfWeight, from: steps[0] })] : []),
  ];
}

function startingParameters({ parameters }: OpenNodeNetwork, initial: FitOptions["initial"]): tf.Tensor[] {
  if (initial === undefined) return parameters;
  const wanted = parameters.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  const got = initial.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  tf.dispose(parameters);
  if (wanted !== got) throw expected("input", wanted, got, "starting parameters of the graph network");
  return initial.map(({ shape, data }) => tf.tensor(Float32Array.from(data), [...shape]));
}

/** Forward, losses, backward, update. Nothing waits for a result. */
function trainStep(network: OpenNodeNetwork, optimiser: Optimiser, terms: StepLosses, step: number): void {
  const { parameters } = optimiser;
  const gradients = tf.tidy(() => {
    const state = network.forward(parameters, step);
    return parameterGradients(network, parameters, state, terms.at(step, state), step);
  });
  optimiser.step(gradients);
  tf.dispose(gradients);
}

/** The logits without dropout, and the attention behind them where it is wanted. */
function inferred(
  network: OpenNodeNetwork,
  parameters: readonly tf.Tensor[],
  keepAttention = false,
): Pick<FitResult, "logits" | "attention"> {
  let attention: readonly WindowedMap[] | undefined;
  const logits = valuesOf(() => {
    const state = network.forward(parameters);
    if (keepAttention) attention = network.attention?.(state);
    return state.logits;
  });
  return { logits, ...(attention === undefined ? {} : { attention }) };
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
  const { height, width, stride } = graph;
  const n = height * width;
  const grid = `graph of ${height}×${width} cells`;
  const pixels = n * stride ** 2;
  if (seed.length !== pixels) throw expected("input", `${pixels} seed pixels`, `${seed.length}`, grid);
  if (colour !== undefined && colour.length !== n * 3)
    throw expected("input", `${n * 3} colours`, `${colour.length}`, grid);
}
