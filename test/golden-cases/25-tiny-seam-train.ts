/** Case 25: one training step of the whole SEAM network at width/16: maps, losses, gradients. */

import * as tf from "@tensorflow/tfjs";
import { SeamNet, seamShapes } from "../../src/seam/seam-net";
import { seamLosses, shrunken } from "../../src/training/seam/seam-losses";
import { formulaParameters } from "../../src/weights/formula";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { asTensor, toNchw, toNhwc, toOihw } from "../nchw";
import { namedLosses } from "./18-seam-losses";

/** The recorded gradients are those of a network of this many channels in its first layer. */
function baseOf(golden: GoldenCase): number {
  return golden.tensor("grad_f8_3__weight").shape[0];
}

async function run(golden: GoldenCase): Promise<Computed> {
  const computed: Computed = {};
  const shapes = seamShapes(baseOf(golden), golden.tensor("cam2").shape[1]);
  const weights = formulaParameters(shapes, golden.attr<number>("formula_seed"));
  const net = await SeamNet.load(weights, { trained: "frozen" });
  tf.tidy(() => {
    const image = toNhwc(golden.tensor("img"));
    const copy = shrunken(image);
    const tags = asTensor(golden.tensor("label")) as tf.Tensor2D;
    const [stem, copyStem] = [net.stem(image), net.stem(copy)];

    const maps = net.trunk(stem, image);
    const copyMaps = net.trunk(copyStem, copy);
    for (const [name, map] of Object.entries({ cam1_every4th: maps.cam, cam_rv1_every4th: maps.refined }))
      computed[name] = toNchw(everyFourth(map));
    computed.cam2 = toNchw(copyMaps.cam);
    computed.cam_rv2 = toNchw(copyMaps.refined);
    Object.assign(computed, namedLosses(seamLosses(maps, copyMaps, tags)));

    const variables = net.store.variables();
    const { grads } = tf.variableGrads(
      () => seamLosses(net.trunk(stem, image), net.trunk(copyStem, copy), tags).loss,
      variables.map(({ variable }) => variable),
    );
    for (const {
      parameter: { name },
      variable,
    } of variables)
      computed[`grad_${name.replaceAll(".", "__")}`] = toOihw(grads[variable.name]);
  });
  net.dispose();
  return computed;
}

/** Every fourth row and column. */
function everyFourth(x: tf.Tensor4D): tf.Tensor {
  return x.stridedSlice([0, 0, 0, 0], x.shape, [1, 4, 4, 1]);
}

export const handlers: GoldenHandler[] = [{ prefixes: ["25_"], run }];
