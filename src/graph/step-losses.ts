/** All terms of the loss of one training: each step's values, their sum, and the gradients that go into the backward pass. */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import type { Upsampler } from "../image-ops/upsampler";
import type { Disposable, EditableSeed, FitInput, Loss, LossState, LossTerm } from "./loss";
import type { NodeGradients, NodeState } from "./node-network";

export class StepLosses {
  /** Sum of the terms, per step. */
  readonly totals: Float32Array;
  /** Per term and step. */
  readonly curves: Readonly<Record<string, Float32Array>>;
  readonly seed: EditableSeed;
  private readonly names: readonly string[];
  private readonly kept = new Map<object, Disposable>();

  constructor(
    private readonly input: FitInput,
    private readonly losses: readonly Loss[],
    private readonly upsampler: Upsampler,
    steps: number,
  ) {
    this.seed = { labels: input.seed.slice(), edited: 0 };
    this.names = distinctNames(losses);
    this.totals = new Float32Array(steps);
    this.curves = Object.fromEntries(this.names.map((name) => [name, new Float32Array(steps)]));
  }

  /** Everything of image size is freed before it returns. */
  at(step: number, nodeState: NodeState): NodeGradients & { readonly value: number } {
    const state = new LazyState(this.input, step, nodeState, this.upsampler, this.seed, this.kept);
    try {
      const { total, ...gradients } = tf.tidy(() => ({ ...this.sum(state) }));
      this.totals[step] = total.dataSync()[0];
      return { value: this.totals[step], ...gradients };
    } finally {
      state.dispose();
    }
  }

  private sum(state: LossState): NodeGradients & { readonly total: tf.Tensor } {
    const terms: LossTerm[] = [];
    for (const [i, loss] of this.losses.entries()) {
      const term = tf.tidy(() => ({ ...loss(state) })) as Partial<LossTerm>;
      if (term.value === undefined) continue;
      checkGradients(this.names[i], term, state);
      this.curves[this.names[i]][state.step] = term.value.dataSync()[0];
      terms.push(term as LossTerm);
    }
    const dLogits = terms.flatMap((term) => term.dLogits ?? []);
    const dNodes = terms.flatMap((term) => term.dNodes ?? []);
    return {
      total: terms.length === 0 ? tf.scalar(0) : tf.addN(terms.map((term) => term.value)),
      dLogits: dLogits.length === 0 ? tf.zerosLike(state.logits) : tf.addN(dLogits),
      ...(dNodes.length === 0 ? {} : { dNodes: tf.addN(dNodes) }),
    };
  }

  dispose(): void {
    for (const each of this.kept.values()) each.dispose();
    this.kept.clear();
  }
}

/** Softmax and pixels are computed when a loss first reads them, and shared by those after it. */
class LazyState implements LossState {
  readonly logits: tf.Tensor2D;
  readonly nodes?: tf.Tensor2D;
  private atPixels?: tf.Tensor2D;
  private softmax?: tf.Tensor2D;

  constructor(
    readonly input: FitInput,
    readonly step: number,
    { logits, nodes }: NodeState,
    readonly upsampler: Upsampler,
    readonly seed: EditableSeed,
    private readonly kept: Map<object, Disposable>,
  ) {
    this.logits = logits;
    if (nodes !== undefined) this.nodes = nodes;
  }

  get probabilities(): tf.Tensor2D {
    this.softmax ??= tf.keep(tf.softmax(this.logits));
    return this.softmax;
  }

  get pixels(): tf.Tensor2D {
    this.atPixels ??= tf.keep(this.upsampler.up(this.logits));
    return this.atPixels;
  }

  readonly keep = <T extends Disposable>(owner: object, make: () => T): T => {
    const known = this.kept.get(owner) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    keepTensors(made);
    this.kept.set(owner, made);
    return made;
  };

  dispose(): void {
    tf.dispose([this.softmax, this.atPixels].filter((tensor) => tensor !== undefined));
  }
}

/** The scope of a step frees every tensor but those kept: all that the value holds, at any depth. */
function keepTensors(value: unknown): void {
  if (value instanceof tf.Tensor) tf.keep(value);
  else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value))
    Object.values(value).forEach(keepTensors);
}

/** The functions' names; a second loss of the same name becomes "name 2". */
function distinctNames(losses: readonly Loss[]): string[] {
  const counts = new Map<string, number>();
  return losses.map((loss) => {
    const name = loss.name === "" ? "loss" : loss.name;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

/** @throws UserError "usage" naming the loss whose gradient does not fit */
function checkGradients(name: string, { value, dLogits, dNodes }: Partial<LossTerm>, state: NodeState): void {
  if (value?.size !== 1) throw expected("usage", "one number as its value", `[${value?.shape}]`, `loss "${name}"`);
  if (dLogits === undefined && dNodes === undefined)
    throw expected("usage", "{ value, dLogits } or { value, dNodes }", "no gradient", `loss "${name}"`);
  for (const [what, gradient, of] of [
    ["dLogits", dLogits, state.logits],
    ["dNodes", dNodes, state.nodes],
  ] as const)
    if (gradient !== undefined && String(gradient.shape) !== String(of?.shape))
      throw expected("usage", `${what} of [${of?.shape}]`, `[${gradient.shape}]`, `loss "${name}"`);
}
