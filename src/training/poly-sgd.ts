/**
 * SGD with a polynomially falling learning rate: lr · (1 − step / steps)^0.9, which stays at its last value after
 * `steps`. docs/method.md, sections 1.1 and 2.3; golden 15; reference tool/torchutils.py (PolyOptimizer).
 *
 *   g ← g + λp (weights only);  v ← μv + g;  p ← p − lr · rate · v
 *
 * The reference hands weight decay over where PyTorch's SGD expects momentum, so it trains with μ = λ = 5e-4, not 0.9.
 * The same is the default here.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import type { NdArray } from "../nd-array";
import { type LearningRateOptions, learningRateAt } from "./learning-rate";
import type { Optimizer, TrainedVariable } from "./task";

export interface PolySgdOptions extends LearningRateOptions {
  readonly weightDecay: number;
  /** Default: the weight decay, the reference's accident (see above). */
  readonly momentum?: number;
}

const PREFIX = "momentum/";

/** Owns the velocities, not the variables. */
export class PolySgd implements Optimizer {
  private readonly velocities = new Map<string, tf.Tensor>();
  private stepsDone = 0;

  constructor(
    private readonly variables: readonly TrainedVariable[],
    private readonly options: PolySgdOptions,
  ) {}

  get learningRate(): number {
    return learningRateAt(this.stepsDone, this.options);
  }

  step(gradients: readonly tf.Tensor[]): void {
    const { weightDecay, momentum = weightDecay } = this.options;
    const learningRate = this.learningRate;
    for (const [i, { name, variable, rate, decays }] of this.variables.entries()) {
      const [value, velocity] = tf.tidy(() => {
        const decayed = decays && weightDecay > 0 ? gradients[i].add(variable.mul(weightDecay)) : gradients[i];
        const before = this.velocities.get(name);
        const after = before === undefined || momentum === 0 ? decayed : before.mul(momentum).add(decayed);
        return [variable.sub(after.mul(learningRate * rate)), momentum === 0 ? undefined : after.clone()];
      }) as [tf.Tensor, tf.Tensor | undefined];
      variable.assign(value);
      value.dispose();
      this.velocities.get(name)?.dispose();
      if (velocity !== undefined) this.velocities.set(name, velocity);
    }
    this.stepsDone++;
  }

  async state(): Promise<Map<string, NdArray>> {
    const state = new Map<string, NdArray>();
    for (const [name, velocity] of this.velocities)
      state.set(PREFIX + name, { shape: velocity.shape, data: (await velocity.data()) as Float32Array });
    return state;
  }

  /** @throws UserError "weights" where a velocity has another shape than its variable */
  restore(state: ReadonlyMap<string, NdArray>, steps: number): void {
    this.dispose();
    this.stepsDone = steps;
    for (const { name, variable } of this.variables) {
      const velocity = state.get(PREFIX + name);
      if (velocity === undefined) continue;
      if (velocity.shape.join() !== variable.shape.join())
        throw expected("weights", `[${variable.shape.join(", ")}]`, `[${velocity.shape.join(", ")}]`, PREFIX + name);
      this.velocities.set(name, tf.tensor(velocity.data as Float32Array, variable.shape));
    }
  }

  dispose(): void {
    tf.dispose([...this.velocities.values()]);
    this.velocities.clear();
  }
}
