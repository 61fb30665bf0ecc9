/**
 * All terms of the loss of one training: each step's values, their sum, and the gradients that go into the backward pass.
 * Values stay where they were computed until they are read, for several steps at once: on a card, reading waits until all
 * work before is done.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import type { Upsampler } from "../image-ops/upsampler";
import { valuesOf } from "../tensor-values";
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
  /** Values that were not read yet: the sum, then the terms that counted. */
  private unread: { readonly step: number; readonly names: readonly string[]; readonly values: tf.Tensor1D }[] = [];

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
  at(step: number, nodeState: NodeState): NodeGradients {
    const state = new LazyState(this.input, step, nodeState, this.upsampler, this.seed, this.kept);
    try {
      const names: string[] = [];
      const { values, ...gradients } = tf.tidy(() => ({ ...this.sum(state, names) }));
      this.unread.push({ step, names, values: tf.keep(values) });
      return gradients;
    } finally {
      state.dispose();
    }
  }

  /** Fills in the steps since the last reading. @returns their numbers, ascending */
  read(): number[] {
    if (this.unread.length === 0) return [];
    const steps = this.unread.map(({ step }) => step);
    const values = valuesOf(() => tf.concat(this.unread.map((each) => each.values)));
    let at = 0;
    for (const { step, names } of this.unread) {
      this.totals[step] = values[at++];
      for (const name of names) this.curves[name][step] = values[at++];
    }
    this.forgetUnread();
    return steps;
  }

  /** @param counted takes the names of the terms that count */
  private sum(state: LossState, counted: string[]): NodeGradients & { readonly values: tf.Tensor1D } {
    const terms: LossTerm[] = [];
    for (const [i, loss] of this.losses.entries()) {
      const term = tf.tidy(() => ({ ...loss(state) })) as Partial<LossTerm>;
      if (term.value === undefined) continue;
      checkGradients(this.names[i], term, state);
      counted.push(this.names[i]);
      terms.push(term as LossTerm);
    }
    const dLogits = terms.flatMap((term) => term.dLogits ?? []);
    const dNodes = terms.flatMap((term) => term.dNodes ?? []);
    const values = terms.map((term) => scalarOf(term.value));
    const total = values.length === 0 ? tf.scalar(0) : tf.addN(values);
    return {
      values: tf.stack([total, ...values]) as tf.Tensor1D,
      dLogits: dLogits.length === 0 ? tf.zerosLike(state.logits) : tf.addN(dLogits),
      ...(dNodes.length === 0 ? {} : { dNodes: tf.addN(dNodes) }),
    };
  }

  private forgetUnread(): void {
    tf.dispose(this.unread.map(({ values }) => values));
    this.unread = [];
  }

  dispose(): void {
    this.forgetUnread();
    for (const each of this.kept.values()) each.dispose();
    this.kept.clear();
  }
}

/** A value of one element in whatever shape. */
function scalarOf(value: tf.Tensor): tf.Scalar {
  return value.rank === 0 ? (value as tf.Scalar) : value.reshape([]);
}

/** Softmax and pixels are computed when a loss first reads them, and shared by those after it. */
class LazyState implements LossState {
  readonly logits: tf.Tensor2D;
  readonly nodes?: tf.Tensor2D;
  private atPixels?: tf.Tensor2D;
  private byClass?: tf.Tensor2D;
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

  get planes(): tf.Tensor2D {
    this.byClass ??= tf.keep(this.upsampler.upToPlanes(this.logits));
    return this.byClass;
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
    tf.dispose([this.softmax, this.atPixels, this.byClass].filter((tensor) => tensor !== undefined));
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
