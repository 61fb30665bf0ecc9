/** Case 19: the maps of all scales combined, dense CRF of both exponents, confident and full labels. */

import { denseCrf } from "../../src/dense-crf/dense-crf";
import { camScores, combineCams, type ImageCams } from "../../src/seam/cam-scores";
import { confidentLabel } from "../../src/seam/confident-label";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";

const crf = { iterations: 10, gaussian: { sxy: 3, compat: 3 }, bilateral: { sxy: 80, srgb: 13, compat: 10 } };

function run(golden: GoldenCase): Computed {
  const rgb = golden.file(golden.attr<string>("image"));
  const [height, width] = rgb.shape;
  const pixels = height * width;
  const tags = golden.attr<number[]>("classes_0based");
  const tagged = golden.floats("label").data;
  const cams: ImageCams = {
    width,
    height,
    maps: new Map(
      tags.map((tag) => {
        const { shape, data } = golden.floats(`cam_class${tag}`);
        const passes = Array.from({ length: shape[0] }, (_, i) => data.subarray(i * pixels, (i + 1) * pixels));
        return [tag + 1, combineCams(passes)];
      }),
    ),
  };
  const probabilities = (alpha: number): Float32Array =>
    denseCrf(Uint8Array.from(rgb.data), width, height, camScores(cams, alpha), crf);
  const [low, high] = [probabilities(4), probabilities(24)];
  const label = confidentLabel(cams, low, high, { classCount: tagged.length + 1, ignore: 255 });
  return {
    ...Object.fromEntries(tags.map((tag) => [`norm_cam_${tag}`, cams.maps.get(tag + 1) as Float32Array])),
    crf_la_classes: classFirst(low, pixels),
    crf_ha_classes: classFirst(high, pixels),
    crf_label: label.confident,
    ori_crf_label: label.full,
    cam_sure_region: label.camSure,
    crf_not_sure_region: label.crfUnsure,
  };
}

/** [H·W, k] → [k, H·W] */
function classFirst(probabilities: Float32Array, pixels: number): Float32Array {
  const k = probabilities.length / pixels;
  return probabilities.map((_, i) => probabilities[(i % pixels) * k + Math.floor(i / pixels)]);
}

export const handlers: GoldenHandler[] = [{ prefixes: ["19_"], run }];
