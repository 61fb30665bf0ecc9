/**
 * Node features of a photograph from a network trained on ImageNet: what two cells show, rather than their colours. The maps
 * of two late stages, of the photograph at twice its size, are brought to the graph's grid; each is centred and its rows
 * brought to unit length; of both side by side the leading principal components are split into their positive and negative
 * parts. So the features are ≥ 0 and a row divided by its sum is a distribution, as the graph network expects. (Ours; the
 * reference has ResNet38's activations.)
 */

import * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../data/image";
import { resizeBicubic } from "../image-ops/bicubic";
import { resizeBilinear } from "../image-ops/bilinear";
import type { Pass } from "../network/layer";
import { type LiteNetwork, liteInput } from "./efficientnet-lite";
import { principalComponents } from "./principal-components";

/** The stages that tell things apart best, at strides 16 and 32, counted from 0. */
const STAGES: readonly number[] = [4, 6];
const COMPONENTS = 24;
/** Strides of 16 and 32 pixels are 8 and 16 of the photograph itself when it is seen at twice its size. */
const ENLARGED = 2;
const COARSEST_STRIDE = 32;
const NEGLIGIBLE = 1e-12;

/**
 * @param grid cells down and across
 * @returns [height·width, 48], ≥ 0, each row of sum 1
 */
export function liteNodes(
  network: LiteNetwork,
  pass: Pass,
  image: RgbImage,
  grid: { readonly height: number; readonly width: number },
): tf.Tensor2D {
  const enlarged = (extent: number): number =>
    Math.max(1, Math.round((extent * ENLARGED) / COARSEST_STRIDE)) * COARSEST_STRIDE;
  const large = resizeBicubic(image, enlarged(image.width), enlarged(image.height));
  return tf.tidy(() => {
    const maps = tf.tidy(() => network.stageMaps(liteInput(large), pass, STAGES));
    return nodesOfMaps(maps.map((map) => resizeBilinear(map, [grid.height, grid.width])));
  });
}

/** @param maps of the two stages on the grid, [1, h, w, c] each @returns as `liteNodes` */
export function nodesOfMaps(maps: readonly tf.Tensor4D[]): tf.Tensor2D {
  return tf.tidy(() => {
    const components = principalComponents(tf.concat2d(maps.map(unitRows), 1), COMPONENTS);
    const parts = tf.concat2d([components.relu<tf.Tensor2D>(), components.neg<tf.Tensor2D>().relu<tf.Tensor2D>()], 1);
    // A cell without any part, as in a photograph of one colour, has all channels alike.
    const distributions = parts.add<tf.Tensor2D>(NEGLIGIBLE);
    return distributions.div<tf.Tensor2D>(distributions.sum(1, true));
  });
}

/** [1, h, w, c] → [h·w, c]: centred, each row of length 1. */
function unitRows(map: tf.Tensor4D): tf.Tensor2D {
  return tf.tidy(() => {
    const rows = map.reshape<tf.Tensor2D>([map.shape[1] * map.shape[2], map.shape[3]]);
    const centred = rows.sub<tf.Tensor2D>(rows.mean(0, true));
    return centred.div(centred.square().sum(1, true).sqrt().add(1e-6));
  });
}
