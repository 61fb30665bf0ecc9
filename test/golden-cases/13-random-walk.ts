import { poolMaps, randomWalk, transitionWeights, walk } from "../../src/graph/random-walk";
import type { GoldenHandler } from "../golden-case";
import { nchwToWindow, rowsToNchw } from "../window-layout";

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["13_random_walk"],
    run(golden) {
      const affinity = nchwToWindow(golden.floats("aff_mat"));
      const [imageHeight, imageWidth] = golden.attr<number[]>("orig_shape");
      const options = {
        beta: golden.attr<number>("beta"),
        logt: golden.attr<number>("logt"),
        alpha: golden.attr<number>("alpha"),
      };
      const maps = new Map(
        golden.attr<number[]>("cam_classes_0based").map((cls) => [cls + 1, golden.floats(`cam_${cls}`).data] as const),
      );
      const image = { height: imageHeight, width: imageWidth };
      const n = affinity.height * affinity.width;
      const classes = golden.floats("cam_rw").data.length / (imageHeight * imageWidth);
      const transition = transitionWeights(affinity, options.beta);
      const unit = Array.from({ length: n }, (_, i) => Float32Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
      const rows = walk(unit, transition, 2 ** options.logt);
      const pooled = new Float32Array(classes * n);
      const background = new Float32Array(imageHeight * imageWidth);
      for (const map of maps.values())
        for (const [i, value] of map.entries()) background[i] = Math.max(background[i], value);
      const scores = [[0, background.map((value) => (1 - value) ** options.alpha)] as const, ...maps];
      poolMaps(
        scores.map(([, map]) => map),
        image,
        8,
      ).forEach((map, m) => {
        pooled.set(map, scores[m][0] * n);
      });
      const walked = randomWalk({ affinity, stride: 8 }, maps, classes, image, options);
      return {
        trans_mat: { shape: [n, n], data: Float32Array.from(rows.flatMap((row) => [...row])) },
        cam_vec: { shape: [classes, n], data: pooled },
        cam_rw: rowsToNchw(walked, [classes, imageHeight, imageWidth]),
      };
    },
  },
];
