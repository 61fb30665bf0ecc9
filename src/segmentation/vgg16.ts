/**
 * VGG16 as DeepLab uses it: 3×3 pooling with a margin; the last two poolings keep the resolution (stride 1), and the
 * convolutions after the fourth are dilated instead. Names are torchvision's. Golden 41.
 */

import { convolution } from "../network/convolution-layer";
import { chain, type Layer } from "../network/layer";
import { maxPool } from "../network/max-pool";

/** Convolutions and channels (in units of the first layer's) of the five groups; a pooling ends each. */
const GROUPS = [
  { convolutions: 2, channels: 1, dilation: 1, stride: 2 },
  { convolutions: 2, channels: 2, dilation: 1, stride: 2 },
  { convolutions: 3, channels: 4, dilation: 1, stride: 2 },
  { convolutions: 3, channels: 8, dilation: 1, stride: 1 },
  { convolutions: 3, channels: 8, dilation: 2, stride: 1 },
] as const;

/** To an eighth of the image's size. @param base channels of the first layer, 64 at full width */
export function vgg16(base: number): { readonly features: Layer; readonly channels: number } {
  const layers: Layer[] = [];
  let place = 0; // in torchvision's names, where each convolution, ReLU and pooling counts
  let channels = 3;
  for (const group of GROUPS) {
    for (let i = 0; i < group.convolutions; i++) {
      const { dilation } = group;
      const output = group.channels * base;
      layers.push(convolution(`features.${place}`, channels, output, { side: 3, dilation, bias: true, relu: true }));
      place += 2;
      channels = output;
    }
    layers.push(maxPool({ stride: group.stride, ceil: true }));
    place++;
  }
  return { features: chain(layers), channels };
}
