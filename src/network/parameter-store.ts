/**
 * Parameters of a network in memory: read from any weight file one at a time, checked by name and shape, kernels turned
 * from PyTorch's [out, in, h, w] to [h, w, in, out]. What training changes is a variable; running statistics of batch
 * normalisations are variables as well where training changes them, though no gradient does.
 */

import * as tf from "@tensorflow/tfjs";
import type { NormMode } from "../config/norm-mode";
import type { NdArray } from "../nd-array";
import { type FrozenNorm, foldNorm, type NormValues, runningNorm } from "./batch-norm";
import { sampleDropout } from "./channel-dropout";
import { initialParameter } from "./initial-parameters";
import type { Parameter, Pass } from "./layer";
import { normaliseFrozen } from "./norm-layer";
import { checkParameters, parameterSource, type Weights } from "./parameter-source";
import { type BatchPass, normaliseTrained } from "./trained-norm";

export interface StoreOptions {
  /** Makes variables of what a training may change; for inference leave it out. */
  readonly trained?: NormMode;
  /** Parameters that stay as they are even so. Default: none. */
  readonly frozen?: (name: string) => boolean;
  /** Parameters that the weights may lack are drawn from this seed. Default: nothing may be missing. */
  readonly initialSeed?: number;
  /** Which these are. Default: all. */
  readonly mayLack?: (name: string) => boolean;
  /**
   * Folds normalisations that stay as they are once, in double precision, as the networks on ResNet38 have always done;
   * without it each pass folds them in float32. Default false.
   */
  readonly foldsNorms?: boolean;
}

/** How a pass differs from inference. */
export interface PassOptions extends BatchPass {
  /** "batch": normalisations that are trained use this batch's statistics. Default "frozen": the running ones. */
  readonly norm?: NormMode;
  /** Seed of each image's dropout; without seeds nothing is dropped. */
  readonly dropoutSeeds?: readonly number[];
}

export interface NamedVariable {
  readonly parameter: Parameter;
  readonly variable: tf.Variable;
}

/** All parameters of one network; owns its tensors. */
export class ParameterStore {
  private readonly values = new Map<string, tf.Tensor | tf.Variable>();
  private readonly folded = new Map<string, FrozenNorm>();
  /** Epsilon of the normalisations that do not use the default, by the name of their running variance. */
  private readonly epsilons: ReadonlyMap<string, number>;

  private constructor(
    readonly parameters: readonly Parameter[],
    private readonly options: StoreOptions,
    /** What the weights lacked and was drawn. */
    readonly initialised: readonly string[],
    /** What the weights held besides. */
    readonly unused: readonly string[],
  ) {
    this.epsilons = new Map(
      parameters.flatMap(({ name, epsilon }) => (epsilon === undefined ? [] : [[name, epsilon]])),
    );
  }

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(
    weights: Weights,
    parameters: readonly Parameter[],
    options: StoreOptions = {},
  ): Promise<ParameterStore> {
    const { initialSeed, mayLack = () => true } = options;
    const source = parameterSource(weights);
    const present = new Set(source.names());
    checkParameters(source, parameters, present, (name) => initialSeed !== undefined && mayLack(name));
    const names = new Set(parameters.map(({ name }) => name));
    const initialised = [...names].filter((name) => !present.has(name));
    const unused = [...present].filter((name) => !names.has(name) && !name.endsWith(".num_batches_tracked"));
    const store = new ParameterStore(parameters, options, initialised, unused);
    try {
      for (const parameter of parameters) {
        const { name } = parameter;
        store.add(
          parameter,
          present.has(name) ? await source.read(name) : initialParameter(parameter, initialSeed as number),
        );
      }
      if (options.foldsNorms === true) for (const layer of store.frozenNorms()) store.fold(layer);
    } catch (error) {
      store.dispose();
      throw error;
    }
    return store;
  }

  /** Whether the network has batch normalisations: VGG16 has none. */
  get hasNorms(): boolean {
    return this.parameters.some(({ kind }) => kind === "norm weight");
  }

  /** What gradients change, in the order of the parameters. */
  variables(): NamedVariable[] {
    return this.changing().filter(({ parameter: { kind } }) => !isStatistic(kind));
  }

  /** What training changes without a gradient: running statistics. */
  statistics(): NamedVariable[] {
    return this.changing().filter(({ parameter: { kind } }) => isStatistic(kind));
  }

  /** The values as a pass through the network uses them. */
  pass({ norm = "frozen", dropoutSeeds, ...batch }: PassOptions = {}): Pass {
    return {
      dropoutSeeds,
      kernel: (name) => this.value(name) as tf.Tensor4D,
      bias: (name) => this.value(name) as tf.Tensor1D,
      normalise: (x, name, relu, dropout) =>
        tf.tidy(() => {
          const factors =
            dropout && dropoutSeeds && sampleDropout(dropoutSeeds)(dropout.name, x.shape[3], dropout.rate);
          const values = this.normValues(name);
          const { mean, variance } = values;
          if (norm === "frozen" || !isVariable(mean) || !isVariable(variance))
            return normaliseFrozen(x, this.folded.get(name) ?? runningNorm(values), relu, factors);
          const output = normaliseTrained(x, { ...values, name, mean, variance }, relu, batch);
          return factors === undefined ? output : output.mul<tf.Tensor4D>(factors.reshape([-1, 1, 1, x.shape[3]]));
        }),
    };
  }

  /**
   * A pass that makes every batch normalisation's statistics those of the images that it sees, layer after layer: for
   * networks from scratch, whose normalisations nothing has trained yet and nothing will.
   */
  calibratingPass(): Pass {
    const inference = this.pass();
    return {
      ...inference,
      normalise: (x, name, relu) => {
        const { mean, variance } = tf.tidy(() => ({ ...tf.moments(x, [0, 1, 2]) })) as Record<string, tf.Tensor>;
        this.replace(`${name}.running_mean`, mean);
        this.replace(`${name}.running_var`, variance);
        if (this.folded.has(name)) this.fold(name);
        return inference.normalise(x, name, relu);
      },
    };
  }

  /** A parameter that training changes. */
  variable(name: string): tf.Variable {
    const value = this.value(name);
    if (!isVariable(value)) throw new Error(`"${name}" cannot change`);
    return value;
  }

  /** All parameters by their names, kernels [out, in, h, w]. */
  async toStateDict(): Promise<Map<string, NdArray>> {
    const state = new Map<string, NdArray>();
    for (const { name, shape } of this.parameters) {
      const turned = tf.tidy(() => toPytorch(this.value(name), shape));
      state.set(name, { shape, data: (await turned.data()) as Float32Array });
      turned.dispose();
    }
    return state;
  }

  dispose(): void {
    tf.dispose([...this.values.values()]);
    for (const { scale, shift } of this.folded.values()) tf.dispose([scale, shift]);
    this.values.clear();
    this.folded.clear();
  }

  private changing(): NamedVariable[] {
    return this.parameters.flatMap((parameter) => {
      const variable = this.value(parameter.name);
      return isVariable(variable) ? [{ parameter, variable }] : [];
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

  /** Whether a training changes it; a frozen normalisation stays altogether as it is, as in the references. */
  private changes({ name, kind }: Parameter): boolean {
    const { trained, frozen } = this.options;
    if (trained === undefined || frozen?.(name) === true) return false;
    return kind === "kernel" || kind === "bias" || trained === "batch";
  }

  /** The normalisations that stay as they are. */
  private frozenNorms(): string[] {
    return this.parameters.flatMap((parameter) =>
      parameter.kind === "norm weight" && !this.changes(parameter) ? [layerOf(parameter.name)] : [],
    );
  }

  private fold(layer: string): void {
    const { weight, bias, mean, variance, epsilon } = this.normValues(layer);
    const [w, b, m, v] = [weight, bias, mean, variance].map((each) => each.dataSync<"float32">() as Float32Array);
    const { scale, shift } = foldNorm(w, b, m, v, epsilon);
    const before = this.folded.get(layer);
    if (before !== undefined) tf.dispose([before.scale, before.shift]);
    this.folded.set(layer, { scale: tf.keep(scale), shift: tf.keep(shift) }); // whatever tidy this runs in
  }

  private normValues(layer: string): NormValues {
    const vector = (part: string): tf.Tensor1D => this.value(`${layer}.${part}`) as tf.Tensor1D;
    return {
      weight: vector("weight"),
      bias: vector("bias"),
      mean: vector("running_mean"),
      variance: vector("running_var"),
      epsilon: this.epsilons.get(`${layer}.running_var`),
    };
  }

  private replace(name: string, value: tf.Tensor): void {
    this.value(name).dispose();
    this.values.set(name, tf.keep(value)); // whatever tidy this runs in
  }

  private value(name: string): tf.Tensor {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`no parameter "${name}"`);
    return value;
  }
}

/** `b3.conv_branch2a.weight` → `b3.conv_branch2a`; a name without a dot stays. */
export function layerOf(name: string): string {
  return name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name;
}

function isStatistic(kind: Parameter["kind"]): boolean {
  return kind === "running mean" || kind === "running variance";
}

function isVariable<R extends tf.Rank>(value: tf.Tensor<R>): value is tf.Variable<R> {
  return value instanceof tf.Variable;
}

/** A fully connected layer's matrix [out, in] becomes the kernel of a 1×1 convolution. */
function fromPytorch(value: tf.Tensor): tf.Tensor {
  if (value.rank === 2) return value.transpose().expandDims(0).expandDims(0);
  return value.rank === 4 ? value.transpose([2, 3, 1, 0]) : value.clone();
}

/** @param shape in the state_dict */
function toPytorch(value: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return value.rank === 4 ? value.transpose([3, 2, 0, 1]).reshape([...shape]) : value.clone();
}
