/** Case 18: the siamese losses and their gradients on given network outputs. */

import * as tf from "@tensorflow/tfjs";
import { type SeamLosses, seamLosses, shrunken } from "../../src/training/seam/seam-losses";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { asTensor, toArray, toNchw, toNhwc } from "../nchw";

const outputNames = ["cam1", "cam_rv1", "cam2", "cam_rv2"] as const;

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  tf.tidy(() => {
    const outputs = outputNames.map((name) => toNhwc(golden.tensor(name)));
    const tags = asTensor(golden.tensor("label")) as tf.Tensor2D;
    const losses = (...x: tf.Tensor[]): SeamLosses => {
      const [cam1, refined1, cam2, refined2] = x as tf.Tensor4D[];
      return seamLosses({ cam: cam1, refined: refined1 }, { cam: cam2, refined: refined2 }, tags);
    };
    Object.assign(computed, namedLosses(losses(...outputs)));
    const gradients = tf.grads((...x) => losses(...x).loss)(outputs);
    for (const [i, name] of outputNames.entries()) computed[`grad_${name}`] = toNchw(gradients[i]);
    computed.img2 = toNchw(shrunken(toNhwc(golden.tensor("img1"))));
  });
  return computed;
}

/** The losses by the reference's names; its `loss_cls` holds the refined maps' minimum as well. */
export function namedLosses({ loss, classification, rvmin, er, ecr }: SeamLosses): Computed {
  const value = (x: tf.Tensor): Computed[string] => toArray(x.reshape([1]));
  return {
    loss: value(loss),
    loss_cls: value(classification[0].add(classification[1]).add(rvmin[0]).add(rvmin[1]).mul(0.5)),
    loss_er: value(er),
    loss_ecr: value(ecr[0].add(ecr[1])),
    loss_cls1: value(classification[0]),
    loss_cls2: value(classification[1]),
    loss_rvmin1: value(rvmin[0]),
    loss_rvmin2: value(rvmin[1]),
    loss_ecr1: value(ecr[0]),
    loss_ecr2: value(ecr[1]),
  };
}

export const handlers: GoldenHandler[] = [{ prefixes: ["18_"], run }];
