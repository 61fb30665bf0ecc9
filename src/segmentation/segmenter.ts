/**
 * A segmentation network with its parameters in memory: kernels turned from PyTorch's [out, in, h, w] to [h, w, in, out],
 * variables where training changes them. Running statistics of batch normalisations are variables as well, which no gradient
 * changes.
 */

import * as tf from "@tensorflow/tfjs";
import type { NdArray } from "../nd-array";
import { NORM_EPSILON } from "../network/batch-norm";
import { checkShapes, type ParameterSource } from "../network/parameter-source";
import { type BatchPass, type NormMode, normaliseTrained } from "../network/trained-norm";
import { givesLogits, initialParameter } from "./initial-parameters";
import type { Parameter, Pass } from "./layer";
import { buildNetwork } from "./models";
import { hasNorms, type NetworkShape, type SegmentationNetwork } from "./network";
import { normaliseFrozen } from "./norm-layer";
import { fileName } from "./weight-names";

export interface SegmenterOptions {
  /** Makes variables of what a training may change; for inference leave it out. */
  readonly trained?: NormMode;
  /** Layers that the weights may lack are drawn from this seed. Default: nothing may be missing. */
  readonly initialSeed?: number;
  /** Every layer may be lacking, not only those that no classification network has. Default false. */
  readonly fromScratch?: boolean;
  /** What the parameters are of. Default: the shape's model. */
  readonly network?: SegmentationNetwork;
}

export interface TrainingPass extends BatchPass {
  readonly dropoutSeeds?: readonly number[];
}

export interface NamedVariable {
  readonly parameter: Parameter;
  readonly variable: tf.Variable;
}

export class Segmenter {
  private readonly values = new Map<string, tf.Tensor | tf.Variable>();

  private constructor(
    readonly shape: NetworkShape,
    readonly network: SegmentationNetwork,
    private readonly norm: NormMode | undefined,
    /** Whether every layer is new. */
    readonly fromScratch: boolean,
    /** What the weights lacked and was drawn. */
    readonly initialised: readonly string[],
    /** What the weights held besides. */
    readonly unused: readonly string[],
  ) {}

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(
    source: ParameterSource,
    shape: NetworkShape,
    { trained, initialSeed, fromScratch = false, network = buildNetwork(shape) }: SegmenterOptions = {},
  ): Promise<Segmenter> {
    const names = new Set(source.names());
    const byName = new Map(network.parameters.map((parameter) => [parameter.name, parameter]));
    const initial = (name: string): NdArray | undefined => {
      const parameter = byName.get(name) as Parameter;
      const mayLack = initialSeed !== undefined && (fromScratch || network.isNew(name));
      return mayLack ? initialParameter(parameter, initialSeed) : undefined;
    };
    const shapes = new Map(network.parameters.map((parameter) => [parameter.name, parameter.shape]));
    checkShapes(source, shapes, names, initial);
    const initialised = [...shapes.keys()].filter((name) => !names.has(name));
    const unused = [...names].filter((name) => !shapes.has(name) && !/\.num_batches_tracked$/.test(name));
    const segmenter = new Segmenter(shape, network, trained, fromScratch, initialised, unused);
    try {
      for (const parameter of network.parameters) {
        const { name } = parameter;
        segmenter.add(parameter, (names.has(name) ? await source.read(name) : initial(name)) as NdArray);
      }
    } catch (error) {
      segmenter.dispose();
      throw error;
    }
    return segmenter;
  }

  get hasNorms(): boolean {
    return hasNorms(this.network);
  }

  /** Logits on the network's grid by the running statistics. [b, H, W, 3] → [b, h, w, K] */
  infer(image: tf.Tensor4D): tf.Tensor4D {
    return this.network.infer(image, this.pass("frozen", {}));
  }

  /** Logits of all trained outputs. Batch statistics, if it is trained with them, go into the running ones. */
  train(image: tf.Tensor4D, pass: TrainingPass = {}): readonly tf.Tensor4D[] {
    return this.network.train(image, this.pass(this.norm ?? "frozen", pass));
  }

  /**
   * Of a network from scratch: scales and shifts every convolution that has a bias so that it answers these images with mean
   * 0 and variance 1 in each channel (Krähenbühl et al., ICLR 2016), which a ReLU then halves. Not those that give logits.
   */
  calibrate(images: tf.Tensor4D): void {
    const calibrated = new Set<string>();
    const calibrate = (response: tf.Tensor4D, name: string): tf.Tensor4D => {
      if (calibrated.has(name) || givesLogits(`${name}.`)) return response;
      calibrated.add(name); // by the image at its whole size, which comes first
      return standardise(response, this.variable(`${name}.weight`), this.variable(`${name}.bias`));
    };
    tf.dispose(this.network.infer(images, { ...this.pass("frozen", {}), calibrate }));
  }

  /** What gradients change. */
  trainedVariables(): NamedVariable[] {
    return this.variables().filter(({ parameter: { kind } }) => !isStatistic(kind));
  }

  /** What training changes without a gradient: running statistics. */
  statistics(): NamedVariable[] {
    return this.variables().filter(({ parameter: { kind } }) => isStatistic(kind));
  }

  /** All parameters by the names that a file of them has, convolutions [out, in, h, w]. */
  async toStateDict(): Promise<Map<string, NdArray>> {
    const state = new Map<string, NdArray>();
    for (const { name, shape } of this.network.parameters) {
      const turned = tf.tidy(() => toPytorch(this.value(name)));
      state.set(fileName(name, this.shape.input), { shape, data: (await turned.data()) as Float32Array });
      turned.dispose();
    }
    return state;
  }

  dispose(): void {
    tf.dispose([...this.values.values()]);
    this.values.clear();
  }

  private variables(): NamedVariable[] {
    return this.network.parameters.flatMap((parameter) => {
      const variable = this.value(parameter.name);
      return variable instanceof tf.Variable ? [{ parameter, variable }] : [];
    });
  }

  private add(parameter: Parameter, { data }: NdArray): void {
    const values = data instanceof Float32Array ? data : Float32Array.from(data);
    const tensor = tf.tidy(() => fromPytorch(tf.tensor(values, [...parameter.shape])));
    if (!this.changes(parameter)) {
      this.values.set(parameter.name, tensor);
      return;
    }
    this.values.set(parameter.name, tf.variable(tensor, !isStatistic(parameter.kind)));
    tensor.dispose();
  }

  /** Whether a training changes it; a frozen normalisation stays altogether as it is, as in DeepLab's reference. */
  private changes({ kind }: Parameter): boolean {
    if (this.norm === undefined) return false;
    return kind === "kernel" || kind === "bias" || this.norm === "batch";
  }

  private variable(name: string): tf.Variable {
    const value = this.value(name);
    if (!(value instanceof tf.Variable)) throw new Error(`"${name}" cannot change`);
    return value;
  }

  private value(name: string): tf.Tensor {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`no parameter "${name}"`);
    return value;
  }

  private pass(norm: NormMode, { dropoutSeeds, ...batch }: TrainingPass): Pass {
    const vector = (name: string): tf.Tensor1D => this.value(name) as tf.Tensor1D;
    return {
      dropoutSeeds,
      kernel: (name) => this.value(name) as tf.Tensor4D,
      bias: vector,
      normalise: (x, name, relu) => {
        const [weight, bias] = [vector(`${name}.weight`), vector(`${name}.bias`)];
        const [mean, variance] = [vector(`${name}.running_mean`), vector(`${name}.running_var`)];
        if (norm === "frozen") return normaliseFrozen(x, { weight, bias, mean, variance }, relu);
        const running = { mean: asVariable(mean), variance: asVariable(variance) };
        return normaliseTrained(x, { name, weight, bias, ...running }, relu, batch);
      },
    };
  }
}

/** Changes kernel and bias. @returns the response to the images with the new kernel */
function standardise(response: tf.Tensor4D, kernel: tf.Variable, bias: tf.Variable): tf.Tensor4D {
  return tf.tidy(() => {
    const { mean, variance } = tf.moments(response, [0, 1, 2]); // [c]
    const factor = variance.add(NORM_EPSILON).rsqrt();
    kernel.assign(kernel.mul(factor));
    bias.assign(mean.mul(factor).neg());
    return response.mul<tf.Tensor4D>(factor);
  });
}

function isStatistic(kind: Parameter["kind"]): boolean {
  return kind === "running mean" || kind === "running variance";
}

function asVariable(running: tf.Tensor1D): tf.Variable<tf.Rank.R1> {
  if (!(running instanceof tf.Variable)) throw new Error("running statistics that cannot change");
  return running as tf.Variable<tf.Rank.R1>;
}

function fromPytorch(value: tf.Tensor): tf.Tensor {
  return value.rank === 4 ? value.transpose([2, 3, 1, 0]) : value.clone();
}

function toPytorch(value: tf.Tensor): tf.Tensor {
  return value.rank === 4 ? value.transpose([3, 2, 0, 1]) : value.clone();
}
