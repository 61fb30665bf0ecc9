/**
 * Two operations for the native backends in place of tfjs-node's own.
 *
 * gather   tfjs-node reads the indices back at every use, to check each in JavaScript: on a card that waits for all work
 *          before, forty times in a training step, and on the processor it costs time as well. Here indices that come
 *          from JavaScript are checked once, before they leave; those that TensorFlow computed are in range by
 *          construction, and on the processor TensorFlow refuses others itself.
 * step     the gradient of every ReLU: tfjs-node fills an array of ones in JavaScript, copies it to TensorFlow, and passes six
 *          times over the activations. Here it is a comparison. (Of NaN it is 0; the loss is NaN by then.)
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";

/** What is used of tfjs-node's backend. */
interface NodeBackend {
  readonly binding: { readonly TF_ATTR_INT: number; readonly TF_ATTR_TYPE: number };
  /** Its record of a tensor; `values` until TensorFlow has them. */
  readonly tensorMap: { get(dataId: object): { readonly values: ArrayLike<number> | null; readonly dtype: number } };
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly tf.TensorInfo[]): tf.TensorInfo;
}

/** From now on; a second time it does nothing. */
export function registerNativeKernels(): void {
  if (registered) return;
  registered = true;
  const slowStep = tf.getKernel("Step", "tensorflow").kernelFunc;
  const kernels: Readonly<Record<string, tf.KernelFunc>> = {
    GatherV2: gather as tf.KernelFunc,
    Step: (given) => (given.attrs?.alpha === 0 ? aboveZero(given.inputs.x as tf.Tensor) : slowStep(given)),
  };
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
  }
}

let registered = false;

/** 1 where x > 0, else 0, of x's type. */
function aboveZero(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.cast(tf.greater(x, tf.scalar(0, x.dtype as "float32")), x.dtype));
}

function gather({
  inputs: { x, indices },
  backend,
  attrs: { axis, batchDims },
}: {
  readonly inputs: { readonly x: tf.Tensor; readonly indices: tf.Tensor };
  readonly backend: NodeBackend;
  readonly attrs: { readonly axis: number; readonly batchDims: number };
}): tf.TensorInfo {
  const { values } = backend.tensorMap.get(indices.dataId);
  if (values !== null) checkIndices(values, x.shape[axis]);
  // Throws where the shapes do not go together.
  tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, batchDims);
  const place = tf.scalar(axis, "int32");
  const typeOf = (name: string, tensor: tf.TensorInfo): object => ({
    name,
    type: backend.binding.TF_ATTR_TYPE,
    value: backend.tensorMap.get(tensor.dataId).dtype,
  });
  const attributes = [
    { name: "batch_dims", type: backend.binding.TF_ATTR_INT, value: batchDims },
    typeOf("Tparams", x),
    typeOf("Tindices", indices),
    typeOf("Taxis", place),
  ];
  const result = backend.executeSingleOutput("GatherV2", attributes, [x, indices, place]);
  place.dispose();
  return result;
}

/** @throws UserError "usage" for an index that is out of range */
function checkIndices(indices: ArrayLike<number>, extent: number): void {
  for (let i = 0; i < indices.length; i++)
    if (!(indices[i] >= 0 && indices[i] < extent))
      throw expected("usage", `indices from 0 to ${extent - 1}`, `${indices[i]}`, "gather");
}
