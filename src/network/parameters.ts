/**
 * Parameters of a network in memory: read from any weight file one at a time, checked by name and shape, convolutions
 * turned from PyTorch's [out, in, h, w] to [h, w, in, out], batch normalisations folded to scale and shift.
 */

import * as tf from "@tensorflow/tfjs";
import type { NdArray } from "../nd-array";
import { type FrozenNorm, foldNorm, runningNorm } from "./batch-norm";
import { FROZEN_LAYERS, type NetworkKind, NORMALISATION_PARTS, parameterShapes } from "./layout";
import { checkShapes, inferBase, parameterSource, type Weights } from "./parameter-source";
import type { NormMode, TrainedNorm } from "./trained-norm";

export interface LoadOptions {
  /** Convolutions become variables that a training may change. Default false. */
  readonly trainable?: boolean;
  /** Of what is trainable: "batch" makes variables of the normalisations as well. Default "frozen", as in the reference. */
  readonly norm?: NormMode;
  /** Layers that stay as they are even so. Default: conv1a, b2, b2_1, b2_2, as in the reference. */
  readonly frozen?: readonly string[];
  /** Values of parameters that the weights lack; undefined where there are none. Default: nothing may be missing. */
  readonly initial?: (name: string, shape: readonly number[]) => NdArray | undefined;
  /** Parameters of the weights that are not to be used, e.g. another network's head. */
  readonly ignore?: (name: string) => boolean;
  /** Classes of a classification network, background included; default: as `fc8` has. */
  readonly classes?: number;
}

/** What training changes: convolutions; weights, biases and statistics of normalisations that are trained. */
export interface NetworkVariable {
  /** The reference's name, e.g. `b3.conv_branch2a.weight`. */
  readonly name: string;
  /** [h, w, in, out] of a convolution, [c] of a normalisation */
  readonly variable: tf.Variable;
}

/** All parameters of one network; owns its tensors. */
export class NetworkParameters {
  private readonly kernels = new Map<string, tf.Tensor4D | tf.Variable<tf.Rank.R4>>();
  private readonly norms = new Map<string, FrozenNorm>();
  private readonly normVectors = new Map<string, Float32Array>();
  /** Of the normalisations that are trained, which are not among the above. */
  private readonly normVariables = new Map<string, tf.Variable<tf.Rank.R1>>();

  private constructor(
    readonly kind: NetworkKind,
    /** Channels of conv1a: 64 at full width. */
    readonly base: number,
    readonly frozen: readonly string[],
    /** What the weights lacked and was initialised. */
    readonly initialised: readonly string[],
    /** What the weights held besides. */
    readonly unused: readonly string[],
  ) {}

  /**
   * @throws UserError "weights" listing missing and wrongly shaped parameters
   */
  static async load(weights: Weights, kind: NetworkKind, options: LoadOptions = {}): Promise<NetworkParameters> {
    const source = parameterSource(weights);
    const ignore = options.ignore ?? (() => false);
    const present = new Set(source.names().filter((name) => !ignore(name)));
    const base = inferBase(source);
    const classes = options.classes ?? (present.has("fc8.weight") ? source.shape("fc8.weight")[0] : 21);
    const shapes = parameterShapes(base, kind, classes);
    checkShapes(source, shapes, present, options.initial);
    const initialised = [...shapes.keys()].filter((name) => !present.has(name));
    const unused = [...present].filter((name) => !shapes.has(name) && !name.endsWith(".num_batches_tracked"));
    const frozen = options.frozen ?? FROZEN_LAYERS;
    const parameters = new NetworkParameters(kind, base, frozen, initialised, unused);
    try {
      for (const [name, shape] of shapes) {
        const array = present.has(name) ? await source.read(name) : options.initial?.(name, shape);
        const trainable = options.trainable === true && !frozen.includes(layerOf(name));
        parameters.add(name, array as NdArray, trainable && (shape.length > 1 || options.norm === "batch"));
      }
      for (const name of parameters.normVectors.keys())
        if (name.endsWith(".running_var")) parameters.fold(name.slice(0, -".running_var".length));
    } catch (error) {
      parameters.dispose();
      throw error;
    }
    return parameters;
  }

  /** Convolution kernel [h, w, in, out] by its layer's name, without `.weight`. */
  kernel(name: string): tf.Tensor4D {
    return found(this.kernels.get(`${name}.weight`), name);
  }

  /** Batch normalisation by its running statistics, by its layer's name; of a trained one in the tidy that asks. */
  norm(name: string): FrozenNorm {
    const trained = this.trainedNorm(name);
    return trained === undefined ? found(this.norms.get(name), name) : runningNorm(trained);
  }

  /** The normalisation of that layer, where it is trained. */
  trainedNorm(name: string): TrainedNorm | undefined {
    const [weight, bias, mean, variance] = NORMALISATION_PARTS.map((part) => this.normVariables.get(`${name}.${part}`));
    if (weight === undefined || bias === undefined || mean === undefined || variance === undefined) return undefined;
    return { name, weight, bias, mean, variance };
  }

  /** Puts other running statistics in a batch normalisation, [c] each. */
  setStatistics(layer: string, mean: Float32Array, variance: Float32Array): void {
    const { scale, shift } = this.norm(layer);
    this.normVectors.set(`${layer}.running_mean`, mean);
    this.normVectors.set(`${layer}.running_var`, variance);
    this.fold(layer);
    tf.dispose([scale, shift]);
  }

  /** What gradients change: convolutions, then normalisations, each in the order of the layers. */
  variables(): NetworkVariable[] {
    const kernels = [...this.kernels].flatMap(([name, variable]) =>
      variable instanceof tf.Variable ? [{ name, variable }] : [],
    );
    return [...kernels, ...this.trainedVectors().filter(({ name }) => !isStatistic(name))];
  }

  /** What training changes without a gradient: running statistics of trained normalisations. */
  statistics(): NetworkVariable[] {
    return this.trainedVectors().filter(({ name }) => isStatistic(name));
  }

  /** Everything as the reference's state_dict has it: convolutions [out, in, h, w]. */
  async toStateDict(): Promise<Map<string, NdArray>> {
    const state = new Map<string, NdArray>();
    for (const [name, kernel] of this.kernels) {
      const turned = tf.tidy(() => kernel.transpose<tf.Tensor4D>([3, 2, 0, 1]));
      state.set(name, { shape: turned.shape, data: (await turned.data()) as Float32Array });
      turned.dispose();
    }
    for (const [name, data] of this.normVectors) state.set(name, { shape: [data.length], data });
    for (const [name, vector] of this.normVariables)
      state.set(name, { shape: vector.shape, data: (await vector.data()) as Float32Array });
    return state;
  }

  dispose(): void {
    tf.dispose([...this.kernels.values(), ...this.normVariables.values()]);
    for (const { scale, shift } of this.norms.values()) tf.dispose([scale, shift]);
    this.kernels.clear();
    this.norms.clear();
    this.normVariables.clear();
  }

  private trainedVectors(): NetworkVariable[] {
    return [...this.normVariables].map(([name, variable]) => ({ name, variable }));
  }

  private add(name: string, { shape, data }: NdArray, trainable: boolean): void {
    const values = data instanceof Float32Array ? data : Float32Array.from(data);
    if (shape.length === 1) {
      if (trainable) this.normVariables.set(name, variableOf(tf.tensor1d(values), !isStatistic(name)));
      else this.normVectors.set(name, values);
      return;
    }
    const kernel = tf.tidy(() => tf.tensor(values, [...shape]).transpose<tf.Tensor4D>([2, 3, 1, 0]));
    this.kernels.set(name, trainable ? variableOf(kernel, true) : kernel);
  }

  private fold(layer: string): void {
    const [weight, bias, mean, variance] = NORMALISATION_PARTS.map((part) =>
      found(this.normVectors.get(`${layer}.${part}`), `${layer}.${part}`),
    );
    const { scale, shift } = foldNorm(weight, bias, mean, variance);
    this.norms.set(layer, { scale: tf.keep(scale), shift: tf.keep(shift) }); // whatever tidy this runs in
  }
}

/** Frees what it is made of. */
function variableOf<R extends tf.Rank>(value: tf.Tensor<R>, learns: boolean): tf.Variable<R> {
  const variable = tf.variable(value, learns);
  value.dispose();
  return variable;
}

function isStatistic(name: string): boolean {
  return /\.running_(mean|var)$/.test(name);
}

/** `b3.conv_branch2a.weight` → `b3`. */
export function layerOf(name: string): string {
  return name.split(".")[0];
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`no parameter "${name}"`);
  return value;
}
