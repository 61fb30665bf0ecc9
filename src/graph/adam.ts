/**
 * Adam as PyTorch's `optim.Adam(weight_decay=…)`: the L2 term is added to the gradient, of every parameter (not AdamW).
 *   g ← g + λp;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
 */

import * as tf from "@tensorflow/tfjs";

/** What `fitGraph` trains with. It owns the parameters that it was given. */
export interface Optimiser {
  /** The parameters after the last step, in the order in which they came. */
  readonly parameters: readonly tf.Tensor[];
  /** One update. @param gradients in the parameters' order; not disposed */
  step(gradients: readonly tf.Tensor[]): void;
  dispose(): void;
}

export interface AdamOptions {
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Owns the parameters it was given and its moments; one state spans all phases of a training. */
export class Adam implements Optimiser {
  private first: tf.Tensor[];
  private second: tf.Tensor[];
  private steps = 0;

  constructor(
    private current: tf.Tensor[],
    private readonly options: AdamOptions,
  ) {
    this.first = current.map((parameter) => tf.zerosLike(parameter));
    this.second = current.map((parameter) => tf.zerosLike(parameter));
  }

  get parameters(): readonly tf.Tensor[] {
    return this.current;
  }

  step(gradients: readonly tf.Tensor[]): void {
    const { learningRate, weightDecay = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = this.options;
    this.steps++;
    const stepSize = learningRate / (1 - beta1 ** this.steps);
    const secondScale = 1 / Math.sqrt(1 - beta2 ** this.steps);
    for (let i = 0; i < this.current.length; i++) {
      const old = [this.current[i], this.first[i], this.second[i]];
      const [parameter, m, v] = old;
      const updated = tf.tidy(() => {
        const g = weightDecay === 0 ? gradients[i] : tf.add(gradients[i], tf.mul(parameter, weightDecay));
        const first = tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1));
        const second = tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2));
        const denominator = tf.add(tf.mul(tf.sqrt(second), secondScale), epsilon);
        return [tf.sub(parameter, tf.mul(tf.div(first, denominator), stepSize)), first, second];
      });
      tf.dispose(old);
      [this.current[i], this.first[i], this.second[i]] = updated;
    }
  }

  dispose(): void {
    tf.dispose([...this.current, ...this.first, ...this.second]);
  }
}
