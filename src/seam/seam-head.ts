/**
 * SEAM's head on ResNet38: the classifier's activation map (CAM) and the map that PCM makes of it.
 * docs/method.md, section 1.1; reference: SEAM network/resnet38_SEAM.py (forward).
 *
 * Letters: b images, H W network input, h w grid (H/8, W/8, rounded up), k classes (background = 0).
 */

import * as tf from "@tensorflow/tfjs";
import { convolution } from "../network/convolution-layer";
import { channelDropoutLayer } from "../network/dropout-layer";
import { chain, type Parameter, type Pass, parametersOf } from "../network/layer";
import type { TappedBackbone, Taps } from "../network/tapped-backbone";
import { detached, suppressedCam } from "./cam";
import { refineCam } from "./pcm";

/** Rate of the channel dropout before the classifier. */
const DROPOUT = 0.5;

/** All on the grid. */
export interface SeamGrid {
  /** [b, h, w, k], the classifier's scores. */
  readonly cam: tf.Tensor4D;
  /** [b, h, w, k], what went into PCM. */
  readonly suppressed: tf.Tensor4D;
  /** [b, h, w, k], or [b, h, w, chosen.length]: what came out. */
  readonly refined: tf.Tensor4D;
}

export interface SeamHead {
  readonly parameters: readonly Parameter[];
  /** Background included. */
  readonly classes: number;
  /** The classifier's scores alone, [b, h, w, k], of conv6. */
  cam(conv6: tf.Tensor4D, pass: Pass): tf.Tensor4D;
  /**
   * @param taps the backbone's activations, [b, h, w, c] each
   * @param image [b, H, W, 3], the normalised network input, whose colours PCM looks at
   * @param chosen refine these classes only, in this order; they do not depend on one another
   */
  apply(taps: Taps, image: tf.Tensor4D, pass: Pass, chosen?: readonly number[]): SeamGrid;
}

/** 1×1 convolutions without bias: fc8 4096→k, f8_3 512→64, f8_4 1024→128, f9 195→192 at full width. */
export function seamHead(
  base: number,
  classes: number,
  channels: TappedBackbone["channels"] = { conv4: 8 * base, conv5: 16 * base, conv6: 64 * base },
): SeamHead {
  const classifier = convolution("fc8", channels.conv6, classes, { initial: { xavier: 1 } });
  const low = convolution("f8_3", channels.conv4, base);
  const middle = convolution("f8_4", channels.conv5, 2 * base);
  const joined = convolution("f9", 3 * base + 3, 3 * base, { initial: { xavier: 4 } });
  const scores = chain([channelDropoutLayer("dropout7", DROPOUT), classifier]);
  const cam: SeamHead["cam"] = (conv6, pass) => tf.tidy(() => scores.apply(conv6, pass));
  return {
    parameters: parametersOf([classifier, low, middle, joined]),
    classes,
    cam,
    apply(taps, image, pass, chosen) {
      const map = cam(taps.conv6, pass);
      const suppressed = suppressedCam(map);
      const [, h, w] = map.shape;
      const detail = [
        detached(() => tf.image.resizeBilinear(image, [h, w], true)),
        tf.relu(
          low.apply(
            detached(() => taps.conv4.clone()),
            pass,
          ),
        ),
        tf.relu(
          middle.apply(
            detached(() => taps.conv5.clone()),
            pass,
          ),
        ),
      ];
      const features = joined.apply(tf.concat4d(detail, 3), pass);
      const wanted = chosen === undefined ? suppressed : tf.gather(suppressed, [...chosen], 3);
      return { cam: map, suppressed, refined: refineCam(features, wanted) };
    },
  };
}

/** Grid maps at the size of the network input: [b, h, w, c] → [b, H, W, c], corners aligned. */
export function upsampleMaps(maps: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return tf.image.resizeBilinear(maps, [height, width], true);
}
