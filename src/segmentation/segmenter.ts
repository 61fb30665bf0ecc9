/** A segmentation network with its parameters in memory: logits of images, and what a training changes. */

import * as tf from "@tensorflow/tfjs";
import type { NormMode } from "../config/norm-mode";
import type { NdArray } from "../nd-array";
import { NORM_EPSILON } from "../network/batch-norm";
import type { Weights } from "../network/parameter-source";
import { type NamedVariable, ParameterStore, type PassOptions } from "../network/parameter-store";
import { buildNetwork } from "./models";
import type { DividedNetwork, NetworkShape, SegmentationNetwork } from "./network";
import { fileName } from "./weight-names";

export interface SegmenterOptions {
  /** Makes variables of what a training may change; for inference leave it out. */
  readonly trained?: NormMode;
  /** Layers that the weights may lack are drawn from this seed. Default: nothing may be missing. */
  readonly initialSeed?: number;
  /** Every layer may be lacking, not only those that no classification network has. Default false. */
  readonly fromScratch?: boolean;
  /** The backbone stays as it is; of a network that is divided. Default false. */
  readonly freezeBackbone?: boolean;
  /** What the parameters are of. Default: the shape's model. */
  readonly network?: SegmentationNetwork;
}

/** Owns its parameters. */
export class Segmenter {
  private constructor(
    readonly shape: NetworkShape,
    readonly network: SegmentationNetwork,
    readonly store: ParameterStore,
    /** Whether every layer is new. */
    readonly fromScratch: boolean,
    /** Whether the backbone stays as it is. */
    readonly freezesBackbone: boolean,
    private readonly norm: NormMode,
  ) {}

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(
    weights: Weights,
    shape: NetworkShape,
    {
      trained,
      initialSeed,
      fromScratch = false,
      freezeBackbone = false,
      network = buildNetwork(shape),
    }: SegmenterOptions = {},
  ): Promise<Segmenter> {
    const mayLack = fromScratch ? undefined : network.isNew;
    const frozen = freezeBackbone ? (name: string): boolean => !network.isNew(name) : undefined;
    const store = await ParameterStore.load(weights, network.parameters, { trained, initialSeed, mayLack, frozen });
    return new Segmenter(shape, network, store, fromScratch, freezeBackbone, trained ?? "frozen");
  }

  /** Logits on the network's grid by the running statistics. [b, H, W, 3] → [b, h, w, K] */
  infer(image: tf.Tensor4D): tf.Tensor4D {
    return this.network.infer(image, this.store.pass());
  }

  /** What a frozen backbone makes of the images; the caller disposes it. Undefined where the backbone learns too. */
  backboneMaps(image: tf.Tensor4D): tf.Tensor4D[] | undefined {
    if (!this.freezesBackbone) return undefined;
    return this.divided.maps(image, this.store.pass());
  }

  /** As `train`, from `backboneMaps`. */
  trainFrom(maps: readonly tf.Tensor4D[], pass: Omit<PassOptions, "norm"> = {}): readonly tf.Tensor4D[] {
    return this.divided.train(maps, this.store.pass({ ...pass, norm: this.norm }));
  }

  private get divided(): DividedNetwork {
    const { backbone } = this.network;
    if (backbone === undefined) throw new Error(`${this.shape.model} is not divided`);
    return backbone;
  }

  /** Logits of all trained outputs. Batch statistics, if it is trained with them, go into the running ones. */
  train(image: tf.Tensor4D, pass: Omit<PassOptions, "norm"> = {}): readonly tf.Tensor4D[] {
    return this.network.train(image, this.store.pass({ ...pass, norm: this.norm }));
  }

  /** Whether layers were drawn whose first scale should come from the first samples. */
  get needsCalibration(): boolean {
    const { network, store, fromScratch } = this;
    if (fromScratch) return !store.hasNorms;
    return network.calibratesNew === true && store.initialised.length > 0;
  }

  /**
   * Calibrates layers that were drawn: scales and shifts every convolution that has a bias so that it answers these
   * images with mean 0 and variance 1 in each channel (Krähenbühl et al., ICLR 2016), which a ReLU then halves. Not
   * those that give logits.
   */
  calibrate(images: tf.Tensor4D): void {
    const { parameters } = this.network;
    const drawn = new Set(this.store.initialised);
    const done = new Set(parameters.flatMap(({ name, logits }) => (logits || !drawn.has(name) ? [name] : [])));
    const calibrate = (response: tf.Tensor4D, layer: string): tf.Tensor4D => {
      const name = `${layer}.weight`;
      if (done.has(name)) return response;
      done.add(name); // by the image at its whole size, which comes first
      return standardise(response, this.store.variable(name), this.store.variable(`${layer}.bias`));
    };
    tf.dispose(this.network.infer(images, { ...this.store.pass(), calibrate }));
  }

  /** What gradients change. */
  trainedVariables(): NamedVariable[] {
    return this.store.variables();
  }

  /** What training changes without a gradient: running statistics. */
  statistics(): NamedVariable[] {
    return this.store.statistics();
  }

  /** All parameters by the names that a file of them has, convolutions [out, in, h, w]. */
  async toStateDict(): Promise<Map<string, NdArray>> {
    const state = await this.store.toStateDict();
    return new Map([...state].map(([name, array]) => [fileName(name, this.shape.input), array]));
  }

  dispose(): void {
    this.store.dispose();
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
