/**
 * The dense CRF on one thread and on two: `node --import tsx bench/dense-crf.ts [IMAGE]`. Without an image a picture of 500×375 pixels is
 * made from a seed. The time depends on the picture: busy ones have larger lattices.
 */

import type { RgbImage } from "../src/data/image";
import { readRgb } from "../src/data/image";
import { denseCrf } from "../src/dense-crf/dense-crf";
import type { DenseCrfOptions } from "../src/dense-crf/dense-crf-options";
import { Random } from "../src/random";
import { syntheticPhotograph } from "./synthetic-photograph";

export interface CrfTiming {
  readonly name: string;
  /** Median of the runs. */
  readonly seconds: number;
  readonly runs: readonly number[];
  readonly note: string;
}

const OPTIONS: DenseCrfOptions = {
  iterations: 10,
  gaussian: { sxy: 2, compat: 3 },
  bilateral: { sxy: 50, srgb: 5, compat: 10 },
};

/**
 * @param file an image, else a synthetic one
 * @param runs after two that only warm up
 */
export async function bench(file?: string, runs = 7): Promise<CrfTiming[]> {
  const image = file === undefined ? syntheticPhotograph(500, 375, 1).image : await readRgb(file);
  const cases = [
    { classes: 21, behind: 0, name: "dense CRF, 21 classes, all of them likely somewhere" },
    { classes: 21, behind: 15, name: "dense CRF, 21 classes, most of them nowhere likely" },
    { classes: 3, behind: 0, name: "dense CRF, 3 classes" },
  ].flatMap((each) => [1, 2].map((threads) => ({ ...each, threads: threads as 1 | 2 })));
  return cases.map(({ classes, behind, name, threads }) => {
    const probabilities = smoothProbabilities(image, classes, behind, 2);
    const once = (): number => {
      const started = performance.now();
      denseCrf(image.data, image.width, image.height, probabilities, { ...OPTIONS, threads });
      return (performance.now() - started) / 1000;
    };
    for (let i = 0; i < 2; i++) once();
    const times = Array.from({ length: runs }, once);
    const seconds = [...times].sort((a, b) => a - b)[Math.floor(runs / 2)];
    return { name, seconds, runs: times, note: `${image.width}×${image.height}, 10 iterations, threads: ${threads}` };
  });
}

/** Softmax of waves across the image, a sum of three for each class; scores of the classes after the third are lower by `behind`. */
function smoothProbabilities({ width, height }: RgbImage, classes: number, behind: number, seed: number): Float32Array {
  const random = new Random(seed);
  const waves = Array.from({ length: classes }, () =>
    Array.from({ length: 3 }, () => [
      random.uniform(-0.06, 0.06),
      random.uniform(-0.06, 0.06),
      random.uniform(0, 6.28),
    ]),
  );
  const probabilities = new Float32Array(width * height * classes);
  const scores = new Float64Array(classes);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const score = waves[c].reduce((total, [fx, fy, phase]) => total + Math.sin(fx * x + fy * y + phase), 0);
      scores[c] = Math.exp(2 * score - (c < 3 ? 0 : behind));
      sum += scores[c];
    }
    for (let c = 0; c < classes; c++) probabilities[pixel * classes + c] = scores[c] / sum;
  }
  return probabilities;
}

if (require.main === module) {
  bench(process.argv[2]).then((timings) => {
    for (const { name, seconds, runs, note } of timings) {
      const all = runs.map((each) => each.toFixed(3)).join(" ");
      process.stdout.write(`${seconds.toFixed(3)} s  ${name} (${note}; ${all})\n`);
    }
  });
}
