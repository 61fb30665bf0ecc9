/**
 * Batch normalisations for a ResNet38 that starts without weights. They are frozen, so they cannot learn the activations'
 * scale; but with kaiming normal convolutions every branch adds variance 1, and the sum's variance is known beforehand.
 */

import { BLOCKS, hasIdentityShortcut } from "./layout";

/**
 * Running variance of a normalisation, by its layer's name: the number of branches summed in what it normalises.
 * @returns 1 for the normalisations within a branch
 */
export function residualVariance(layer: string): number {
  let variance = 2; // conv1a of an image of mean square 1, without a ReLU before it
  for (const block of BLOCKS) {
    if (layer === `${block.name}.bn_branch2a`) return variance;
    variance = hasIdentityShortcut(block) ? variance + 1 : 2;
  }
  return layer === "bn7" ? variance : 1;
}
