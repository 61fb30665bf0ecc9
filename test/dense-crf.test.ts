import assert from "node:assert/strict";
import { test } from "node:test";
import type { RgbImage } from "../src/data/image";
import { denseCrf, mostProbableClass } from "../src/dense-crf/dense-crf";
import type { DenseCrfOptions } from "../src/dense-crf/dense-crf-options";
import type { SharpenRequest } from "../src/dense-crf/sharpen-thread";
import { UserError } from "../src/errors";
import { createThreadPool } from "../src/parallel/thread-pool";
import { Random } from "../src/random";
import { planMemory } from "../src/wasm/memory";

const gaussian = { sxy: 2, compat: 3 };
const bilateral = { sxy: 20, srgb: 13, compat: 5 };

interface Scene {
  readonly image: RgbImage;
  readonly probabilities: Float32Array;
}

/** Blocks of colour with noise; each pixel's class is probably that of its block. */
function scene(width: number, height: number, classes: number, seed: number): Scene {
  const random = new Random(seed);
  const colours = Array.from({ length: 16 }, () => random.integer(200));
  const data = new Uint8Array(width * height * 3);
  const probabilities = new Float32Array(width * height * classes);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const block = (Math.floor((pixel % width) / 9) + 4 * Math.floor(Math.floor(pixel / width) / 7)) % 16;
    for (let c = 0; c < 3; c++) data[3 * pixel + c] = colours[(block + c) % 16] + random.integer(30);
    const scores = Array.from({ length: classes }, (_, c) =>
      Math.exp(2 * random.uniform() + (c === block % classes ? 1 : 0)),
    );
    const sum = scores.reduce((total, score) => total + score, 0);
    for (let c = 0; c < classes; c++) probabilities[pixel * classes + c] = scores[c] / sum;
  }
  return { image: { width, height, data }, probabilities };
}

function crf({ image, probabilities }: Scene, options: DenseCrfOptions): Float32Array {
  return denseCrf(image.data, image.width, image.height, probabilities, options);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

test("no iterations: the probabilities, clipped and normalised", () => {
  const image = { width: 2, height: 1, data: new Uint8Array(6) };
  const probabilities = Float32Array.of(0.75, 0.25, 0, 1);
  for (const engine of ["simd", "plain"] as const) {
    const q = crf({ image, probabilities }, { iterations: 0, gaussian, bilateral, engine });
    const tiny = 1e-5 / (1 + 1e-5);
    assert.ok(largestDifference(q, Float32Array.of(0.75, 0.25, tiny, 1 - tiny)) < 1e-7);
  }
});

test("a single pixel: its normalised kernel is 1, so one step is worked by hand", () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(10, 20, 30) };
  const probabilities = Float32Array.of(0.6, 0.4);
  const [a, b] = [0.6 * Math.exp(8 * 0.6), 0.4 * Math.exp(8 * 0.4)];
  for (const engine of ["simd", "plain"] as const) {
    const q = crf({ image, probabilities }, { iterations: 1, gaussian, bilateral, engine });
    assert.ok(largestDifference(q, Float32Array.of(a / (a + b), b / (a + b))) < 1e-6);
  }
});

test("one class is certain everywhere, whatever its probabilities", () => {
  const one = scene(7, 5, 1, 1);
  for (const engine of ["simd", "plain"] as const) {
    assert.deepEqual(crf(one, { iterations: 3, gaussian, bilateral, engine }), new Float32Array(35).fill(1));
  }
});

test("WebAssembly and plain TypeScript agree to rounding, for any number of classes and pixels", () => {
  for (const [width, height, classes] of [
    [1, 1, 3],
    [1, 9, 2],
    [5, 1, 4],
    [33, 35, 5],
    [40, 31, 21],
    [19, 23, 38], // rows too long to unroll, and three passes
  ]) {
    const one = scene(width, height, classes, classes);
    for (const kernels of [
      { gaussian, bilateral: false },
      { gaussian: false, bilateral },
      { gaussian, bilateral },
      { gaussian: false, bilateral: false },
    ] as const) {
      for (const [iterations, tolerance] of [
        [1, 1e-6],
        [5, 1e-5],
      ]) {
        const [simd, plain] = (["simd", "plain"] as const).map((engine) =>
          crf(one, { iterations, engine, ...kernels }),
        );
        const difference = largestDifference(simd, plain);
        assert.ok(difference < tolerance, `${width}×${height}×${classes}, ${iterations} steps: ${difference}`);
      }
    }
  }
});

test("rows sum to 1, and the order of the classes does not matter", () => {
  const one = scene(30, 20, 6, 3);
  const q = crf(one, { iterations: 5, gaussian, bilateral });
  for (let row = 0; row < q.length; row += 6) {
    assert.ok(Math.abs(q.subarray(row, row + 6).reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
  }
  const mirrored = (values: Float32Array): Float32Array => values.map((_, i) => values[i - (i % 6) + 5 - (i % 6)]);
  const other = crf({ ...one, probabilities: mirrored(one.probabilities) }, { iterations: 5, gaussian, bilateral });
  assert.ok(largestDifference(mirrored(other), q) < 1e-5);
});

test("classes that are nowhere probable are left out of the filtering without a trace", () => {
  const four = scene(24, 24, 4, 5);
  const many = new Float32Array(24 * 24 * 13); // the others have probability 0, clipped to 1e-5
  for (let i = 0; i < 24 * 24; i++) many.set(four.probabilities.subarray(4 * i, 4 * i + 4), 13 * i + 6);
  const options = { iterations: 10, gaussian: { sxy: 3, compat: 6 }, bilateral: { sxy: 20, srgb: 30, compat: 12 } };
  const [simd, plain] = (["simd", "plain"] as const).map((engine) =>
    crf({ ...four, probabilities: many }, { ...options, engine }),
  );
  assert.ok(largestDifference(simd, plain) < 1e-4);
});

test("noisy classes settle on the two sides of an edge", () => {
  const [width, height] = [40, 30];
  const random = new Random(9);
  const data = new Uint8Array(width * height * 3).map((_, i) => (Math.floor(i / 3) % width < 17 ? 60 : 180));
  const probabilities = new Float32Array(width * height * 2);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const left = (pixel % width < 17 ? 0.62 : 0.38) + random.uniform(-0.3, 0.3);
    probabilities.set([left, 1 - left], 2 * pixel);
  }
  const q = crf({ image: { width, height, data }, probabilities }, { iterations: 10, gaussian, bilateral });
  const labels = mostProbableClass(q, 2);
  assert.ok(labels.every((label, pixel) => label === (pixel % width < 17 ? 0 : 1)));
  assert.ok(!mostProbableClass(probabilities, 2).every((label, pixel) => label === (pixel % width < 17 ? 0 : 1)));
});

test("an image does not depend on those before it", () => {
  const [small, large] = [scene(17, 13, 3, 1), scene(90, 70, 9, 2)];
  const options = { iterations: 4, gaussian, bilateral };
  const first = crf(small, options);
  crf(large, options);
  assert.deepEqual(crf(small, options), first);
});

test("worker threads: the same result, and errors that stay the user's", async () => {
  const pool = createThreadPool<SharpenRequest, Float32Array>(require.resolve("../src/dense-crf/sharpen-thread"), 2);
  const options = { iterations: 3, gaussian, bilateral };
  const scenes = [1, 2, 3].map((seed) => scene(20 + seed, 15, 3, seed));
  const got = await Promise.all(scenes.map((one) => pool.ask({ ...one, options })));
  assert.deepEqual(
    got,
    scenes.map((one) => crf(one, options)),
  );
  await assert.rejects(pool.ask({ ...scenes[0], probabilities: new Float32Array(7), options }), UserError);
  assert.deepEqual(await pool.ask({ ...scenes[0], options }), got[0]);
  await pool.close();
});

test("a second thread changes no number, before it has started and after", async () => {
  const options = { iterations: 12, gaussian, bilateral };
  for (const one of [scene(160, 120, 21, 3), scene(150, 130, 5, 4)]) {
    const alone = crf(one, options);
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(crf(one, { ...options, threads: 2 }), alone);
      await new Promise((resolve) => setTimeout(resolve, 300)); // the thread starts meanwhile
    }
  }
});

test("bad input is named", () => {
  const good = scene(4, 3, 2, 1);
  const options = { iterations: 1, gaussian, bilateral };
  const refuses = (change: Partial<Scene>, changed: Partial<DenseCrfOptions>, message: RegExp): void => {
    assert.throws(
      () => crf({ ...good, ...change }, { ...options, ...changed }),
      (error: unknown) => error instanceof UserError && message.test(error.message) && /4×3|0×3/.test(error.message),
    );
  };
  refuses({ probabilities: new Float32Array(25) }, {}, /probabilities of 12 pixels, got 25/);
  refuses({ probabilities: new Float32Array(0) }, {}, /got 0 values/);
  refuses({ probabilities: new Float32Array(24).fill(Number.NaN) }, {}, /finite/);
  refuses({ image: { ...good.image, data: new Uint8Array(12) } }, {}, /36 bytes of RGB, got 12/);
  refuses({ image: { ...good.image, width: 0 } }, {}, /at least one pixel/);
  refuses({}, { iterations: -1 }, /iterations/);
  refuses({}, { iterations: 1.5 }, /iterations/);
  refuses({}, { gaussian: { sxy: 0, compat: 3 } }, /positive/);
  refuses({}, { bilateral: { sxy: 5, srgb: Number.NaN, compat: 3 } }, /positive/);
  refuses({}, { bilateral: { sxy: 5, srgb: 5, compat: Number.POSITIVE_INFINITY } }, /finite/);
});

test("more than WebAssembly's 4 GiB are refused", () => {
  const plan = planMemory();
  plan.reserve(5 * 2 ** 30);
  assert.throws(
    () => plan.claim(),
    (error: unknown) => error instanceof UserError && /4 GiB of memory, got 5.0 GiB/.test(error.message),
  );
});

test("the most probable class, the first of equal ones", () => {
  assert.deepEqual(mostProbableClass(Float32Array.of(0.2, 0.5, 0.3, 0.4, 0.2, 0.4), 3), Uint8Array.of(1, 0));
});
