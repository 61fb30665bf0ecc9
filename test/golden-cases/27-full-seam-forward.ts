/** Case 27: the whole SEAM network at full width, with weights by formula. */

import * as tf from "@tensorflow/tfjs";
import { FULL_WIDTH } from "../../src/network/initial-weights";
import type { ParameterSource } from "../../src/network/parameter-source";
import { upsampleMaps } from "../../src/seam/seam-head";
import { SeamNet, seamShapes } from "../../src/seam/seam-net";
import { formulaParameter } from "../../src/weights/formula";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { toNchw, toNhwc } from "../nchw";

async function run(golden: GoldenCase): Promise<Computed> {
  const shapes = seamShapes(FULL_WIDTH, golden.tensor("fc8").shape[1]);
  const net = await SeamNet.load(byFormula(shapes, golden.attr<number>("formula_seed")));
  const computed: Computed = {};
  tf.tidy(() => {
    const image = toNhwc(golden.tensor("x"));
    const [, height, width] = image.shape;
    const { cam, suppressed, refined } = net.grid(image);
    computed.fc8 = toNchw(cam);
    computed.cam_d_norm = toNchw(suppressed);
    computed.pcm_out = toNchw(refined);
    for (const name of golden.names("output")) {
      const [, map, step] = /^(cam|cam_rv)_s(\d+)$/.exec(name) ?? [];
      if (map === undefined) continue;
      const full = upsampleMaps(map === "cam" ? cam : refined, height, width);
      computed[name] = toNchw(full.stridedSlice([0, 0, 0, 0], full.shape, [1, Number(step), Number(step), 1]));
    }
  });
  net.dispose();
  return computed;
}

/** One parameter at a time: all of them at once are 500 MB. */
function byFormula(shapes: ReadonlyMap<string, readonly number[]>, seed: number): ParameterSource {
  const shape = (name: string): readonly number[] => shapes.get(name) as readonly number[];
  return { names: () => [...shapes.keys()], shape, read: async (name) => formulaParameter(name, shape(name), seed) };
}

export const handlers: GoldenHandler[] = [{ prefixes: ["27_"], run }];
