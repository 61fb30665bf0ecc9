/** Case 14: the dense CRF of pydensecrf, with both kernels and each alone, after 0 to 10 mean-field steps. */

import { denseCrf, mostProbableClass } from "../../src/dense-crf/dense-crf";
import type { DenseCrfOptions } from "../../src/dense-crf/dense-crf-options";
import type { NdArray } from "../../src/nd-array";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";

/** `Q_t5_bilateral_only_every4thclass` and the like: steps, kernels, every which class. */
const Q_NAME = /^Q_t(\d+)(?:_(gaussian|bilateral)_only)?(?:_every(\d+)thclass)?$/;
const ARGMAX_NAME = /^argmax_t(\d+)$/;

/** `[classes, height, width]` ↔ `[height · width, classes]`. */
function transpose(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

function input(golden: GoldenCase, name: "probs" | "rgb"): NdArray {
  return golden.has(name) ? golden.tensor(name) : golden.file(golden.attr<string>(`${name}_file`));
}

function run(golden: GoldenCase): Computed {
  const rgb = input(golden, "rgb");
  const [height, width] = rgb.shape;
  const classes = golden.attr<number>("labels");
  const probabilities = transpose(Float32Array.from(input(golden, "probs").data), classes);
  const gaussian = { sxy: golden.attr<number>("sxy_gauss"), compat: golden.attr<number>("compat_gauss") };
  const bilateral = {
    sxy: golden.attr<number>("sxy_bilateral"),
    srgb: golden.attr<number>("srgb"),
    compat: golden.attr<number>("compat_bilateral"),
  };
  const crf = (options: DenseCrfOptions): Float32Array =>
    denseCrf(Uint8Array.from(rgb.data), width, height, probabilities, options);

  const computed: Computed = {};
  for (const name of golden.names("output")) {
    const [, argmaxSteps] = ARGMAX_NAME.exec(name) ?? [];
    if (argmaxSteps !== undefined) {
      const q = crf({ iterations: Number(argmaxSteps), gaussian, bilateral });
      computed[name] = { shape: [height, width], data: mostProbableClass(q, classes) };
    }
    const [, steps, only, every = "1"] = Q_NAME.exec(name) ?? [];
    if (steps === undefined) continue;
    const q = transpose(
      crf({
        iterations: Number(steps),
        gaussian: only === "bilateral" ? false : gaussian,
        bilateral: only === "gaussian" ? false : bilateral,
      }),
      height * width,
    );
    const kept = Array.from({ length: classes }, (_, c) => c).filter((c) => c % Number(every) === 0);
    const maps = kept.flatMap((c) => [...q.subarray(c * height * width, (c + 1) * height * width)]);
    computed[name] = { shape: [kept.length, height, width], data: Float32Array.from(maps) };
  }
  return computed;
}

export const handlers: GoldenHandler[] = [{ prefixes: ["14_dense_crf/"], run }];
