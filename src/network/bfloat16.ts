/**
 * Convolutions in mixed precision: what is multiplied is rounded to bfloat16 (float32's range, 8 bits of its mantissa), sums
 * are float32, results are rounded to bfloat16. Tensors stay float32 outside: weights, normalisations, losses, updates. It is
 * what PyTorch's autocast does to convolutions (Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training").
 *
 * TensorFlow.js has no such tensors, but TensorFlow has: its three kernels of a convolution run as always, on a backend that
 * casts on the way in and out.
 */

import * as tf from "@tensorflow/tfjs";
import { messageOf } from "../errors";
import { Random } from "../random";

const KERNELS = [tf.Conv2D, tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter];

// tensorflow/core/framework/types.proto
const FLOAT = 1;
const BFLOAT16 = 14;

/** What TensorFlow makes: known to it by its number. */
interface Made {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The part of tfjs-node's backend that its kernels of a convolution use. */
interface NodeBackend {
  readonly binding: {
    readonly TF_ATTR_TYPE: number;
    executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Made[];
    deleteTensor(id: number): void;
  };
  getInputTensorIds(inputs: readonly tf.TensorInfo[]): number[];
  createOutputTensor(made: Made): tf.Tensor;
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor;
}

/** How many are at work, and what puts the kernels back when none is. */
let users = 0;
let restore = (): void => {};

/** Runs `work` with every convolution of the native backend in bfloat16, its gradients too; whoever computes meanwhile. */
export async function inBfloat16<T>(work: () => Promise<T>): Promise<T> {
  if (users++ === 0) restore = replaceKernels();
  try {
    return await work();
  } finally {
    if (--users === 0) restore();
  }
}

/**
 * Tries a small convolution and its gradients, of whole numbers, which have one right result: the exact one, rounded once.
 * TensorFlow without oneDNN rounds its sums too, and oneDNN has no such convolution for processors without AVX-512.
 * @returns what is wrong; undefined where all is well
 */
export function bfloat16Problem(): string | undefined {
  const random = new Random(1);
  const draw = (shape: [number, number, number, number]): tf.Tensor4D =>
    tf.tensor4d(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.integer(17) - 8),
      shape,
    );
  const run = (x: tf.Tensor, kernel: tf.Tensor): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same");
  let restore: (() => void) | undefined;
  try {
    return tf.tidy(() => {
      const [x, kernel, dy] = [draw([1, 9, 9, 64]), draw([3, 3, 64, 64]), draw([1, 9, 9, 64])];
      const results = (): Float32Array[] =>
        [run(x, kernel), ...tf.grads(run)([x, kernel], dy)].map((each) => each.dataSync<"float32">());
      const exact = results();
      restore = replaceKernels();
      const right = results().every((values, i) => values.every((v, at) => isRounded(v, exact[i][at])));
      return right ? undefined : "sums that are rounded too";
    });
  } catch (error) {
    return `an error of TensorFlow: ${messageOf(error)}`;
  } finally {
    restore?.();
  }
}

/** Off by half a unit in the last of 8 bits at most. */
function isRounded(value: number, exact: number): boolean {
  return Math.abs(value - exact) <= 2 ** -8 * Math.abs(exact);
}

/** @returns what puts the exact ones back */
function replaceKernels(): () => void {
  const exact = KERNELS.map((name) => tf.getKernel(name, "tensorflow"));
  for (const config of exact) replaceKernel({ ...config, kernelFunc: mixed(config.kernelFunc) });
  return () => exact.forEach(replaceKernel);
}

function replaceKernel(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}

function mixed(kernel: tf.KernelFunc): tf.KernelFunc {
  return ({ backend, ...rest }) => kernel({ ...rest, backend: castingBackend(backend as NodeBackend) });
}

/** The same backend, but single operations have bfloat16 inputs and outputs. */
function castingBackend(backend: NodeBackend): NodeBackend {
  const { binding } = backend;
  const cast = (id: number, from: number, to: number): number => {
    const type = binding.TF_ATTR_TYPE;
    const types = [
      { name: "SrcT", type, value: from },
      { name: "DstT", type, value: to },
    ];
    return binding.executeOp("Cast", types, [id], 1)[0].id;
  };
  const executeSingleOutput: NodeBackend["executeSingleOutput"] = (name, attributes, inputs) => {
    const made: number[] = [];
    const made16 = (id: number): number => made[made.push(id) - 1];
    try {
      const ids = backend
        .getInputTensorIds(inputs)
        .map((id, i) => (inputs[i].dtype === "float32" ? made16(cast(id, FLOAT, BFLOAT16)) : id)); // shapes are int32
      const typed = attributes.map((each) => (each.name === "T" ? { ...each, value: BFLOAT16 } : each));
      const [{ id, shape }] = binding.executeOp(name, typed, ids, 1);
      return backend.createOutputTensor({ id: cast(made16(id), BFLOAT16, FLOAT), shape, dtype: FLOAT });
    } finally {
      for (const id of made) binding.deleteTensor(id);
    }
  };
  return Object.assign(Object.create(backend) as NodeBackend, { executeSingleOutput });
}
