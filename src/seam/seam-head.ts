/**
 * SEAM's head on ResNet38: the classifier's activation map (CAM) and the map that PCM makes of it.
 * docs/method.md, section 1.1; reference: SEAM network/resnet38_SEAM.py (forward).
 *
 * Letters: b images, H W network input, h w grid (H/8, W/8, rounded up), k classes (background = 0).
 */

import * as tf from "@tensorflow/tfjs";
import { detached, suppressedCam } from "./cam";
import { refineCam } from "./pcm";

/** 1×1 kernels without bias, [1, 1, in, out]: fc8 4096→k, f8_3 512→64, f8_4 1024→128, f9 195→192 at full width. */
export interface SeamKernels {
  readonly fc8: tf.Tensor4D;
  readonly f8_3: tf.Tensor4D;
  readonly f8_4: tf.Tensor4D;
  readonly f9: tf.Tensor4D;
}

/** The backbone's activations, [b, h, w, c] each; conv6 after channel dropout where training. */
export interface SeamTaps {
  readonly conv4: tf.Tensor4D;
  readonly conv5: tf.Tensor4D;
  readonly conv6: tf.Tensor4D;
}

/** All on the grid. */
export interface SeamGrid {
  /** [b, h, w, k], the classifier's scores. */
  readonly cam: tf.Tensor4D;
  /** [b, h, w, k], what went into PCM. */
  readonly suppressed: tf.Tensor4D;
  /** [b, h, w, k], or [b, h, w, classes.length]: what came out. */
  readonly refined: tf.Tensor4D;
}

/**
 * @param image [b, H, W, 3], the normalised network input
 * @param classes refine these classes only, in this order; they do not depend on one another
 */
export function seamHead(
  taps: SeamTaps,
  image: tf.Tensor4D,
  kernels: SeamKernels,
  classes?: readonly number[],
): SeamGrid {
  const project = (x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D => tf.conv2d(x, kernel, 1, "valid");
  const cam = project(taps.conv6, kernels.fc8);
  const suppressed = suppressedCam(cam);
  const [, h, w] = cam.shape;
  const low = project(
    detached(() => taps.conv4.clone()),
    kernels.f8_3,
  ).relu() as tf.Tensor4D;
  const middle = project(
    detached(() => taps.conv5.clone()),
    kernels.f8_4,
  ).relu() as tf.Tensor4D;
  const colour = detached(() => tf.image.resizeBilinear(image, [h, w], true));
  const features = project(tf.concat<tf.Tensor4D>([colour, low, middle], 3), kernels.f9);
  const chosen = classes === undefined ? suppressed : tf.gather(suppressed, [...classes], 3);
  return { cam, suppressed, refined: refineCam(features, chosen) };
}

/** Grid maps at the size of the network input: [b, h, w, c] → [b, H, W, c], corners aligned. */
export function upsampleMaps(maps: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return tf.image.resizeBilinear(maps, [height, width], true);
}
