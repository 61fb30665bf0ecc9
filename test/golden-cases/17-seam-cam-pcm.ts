/** Case 17: CAM, PCM and their gradients on given activations. */

import * as tf from "@tensorflow/tfjs";
import { type SeamGrid, seamHead, upsampleMaps } from "../../src/seam/seam-head";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { toHwio, toNchw, toNhwc, toOihw } from "../nchw";
import { passOf } from "../pass-of";

const kernelNames = ["fc8", "f8_3", "f8_4", "f9"] as const;

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  tf.tidy(() => {
    const image = toNhwc(golden.tensor("x"));
    const [, height, width] = image.shape;
    const [conv4, conv5, conv6] = ["conv4", "conv5", "conv6"].map((name) => toNhwc(golden.tensor(name)));
    const kernels = kernelNames.map((name) => toHwio(golden.tensor(`${name}__weight`)));
    const head = seamHead(golden.tensor("f8_3__weight").shape[0], golden.tensor("fc8__weight").shape[0]);
    const forward = ([taps6, ...given]: tf.Tensor4D[]): SeamGrid =>
      head.apply({ conv4, conv5, conv6: taps6 }, image, passOf(kernelNames, given));
    const up = (maps: tf.Tensor4D): tf.Tensor4D => upsampleMaps(maps, height, width);

    const inputs = [conv6, ...kernels];
    const { cam, suppressed, refined } = forward(inputs);
    computed.cam = toNchw(up(cam));
    computed.cam_rv = toNchw(up(refined));
    computed.cam_d_norm = toNchw(suppressed);
    computed.pcm_out = toNchw(refined);

    const upstreamCam = toNhwc(golden.tensor("upstream_cam"));
    const upstreamRefined = toNhwc(golden.tensor("upstream_rv"));
    const loss = (...x: tf.Tensor[]): tf.Scalar => {
      const grid = forward(x as tf.Tensor4D[]);
      return up(grid.cam).mul(upstreamCam).sum().add(up(grid.refined).mul(upstreamRefined).sum());
    };
    const [ofConv6, ...ofKernels] = tf.grads(loss)(inputs);
    computed.grad_conv6 = toNchw(ofConv6);
    for (const [i, name] of kernelNames.entries()) computed[`grad_${name}`] = toOihw(ofKernels[i]);
  });
  return computed;
}

export const handlers: GoldenHandler[] = [{ prefixes: ["17_"], run }];
