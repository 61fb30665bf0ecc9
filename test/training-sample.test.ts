import assert from "node:assert/strict";
import { test } from "node:test";
import type { RgbImage } from "../src/data/image";
import { COLOUR_DEVIATION, COLOUR_MEAN } from "../src/image-ops/normalise";
import { Random } from "../src/random";
import { mirrored, resizeLongSide, type SampleOptions, trainingSample } from "../src/training/seam/training-sample";

const still = { brightness: 0, contrast: 0, saturation: 0, hue: 0 };
/** Grey (which jitter of factor 1 keeps): 16 more per column, 1 more per row. */
function ramp(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.fill(16 * (i % width) + Math.floor(i / width), i * 3, i * 3 + 3);
  return { width, height, data };
}

/** The grey values of a sample before normalising; undefined in the empty part. */
function greysOf(sample: Float32Array): (number | undefined)[] {
  return Array.from({ length: sample.length / 3 }, (_, i) => {
    const pixel = sample.subarray(i * 3, i * 3 + 3);
    if (pixel.every((value) => value === 0)) return undefined;
    return Math.round((pixel[0] * COLOUR_DEVIATION[0] + COLOUR_MEAN[0]) * 255);
  });
}

test("the long side is resized, the short one rounded as Python does", () => {
  const size = ({ width, height }: RgbImage): number[] => [width, height];
  assert.deepEqual(size(resizeLongSide(ramp(20, 10), 25)), [25, 12]); // 12.5 → 12
  assert.deepEqual(size(resizeLongSide(ramp(10, 20), 30)), [15, 30]);
  assert.deepEqual(size(resizeLongSide(ramp(20, 20), 10)), [10, 10]);
});

test("mirroring exchanges left and right", () => {
  const { data } = mirrored(ramp(3, 2));
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((i) => data[i * 3]),
    [32, 16, 0, 33, 17, 1],
  );
});

test("a larger image is cropped, whole and in its order or mirrored", () => {
  const options: SampleOptions = { cropSize: 6, longSide: [10, 10], jitter: still };
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const greys = greysOf(trainingSample(ramp(10, 8), new Random(seed), options)) as number[];
    const step = greys[1] - greys[0];
    assert.equal(Math.abs(step), 16);
    assert.equal(greys[6] - greys[0], 1);
    assert.equal(greys[35], greys[0] + 5 * step + 5);
    seen.add(`${step} ${greys[0]}`);
  }
  assert.ok(seen.size > 20, `${seen.size} of 2·5·3 crops seen`);
});

test("a smaller image lies in zeros, after normalising", () => {
  const options: SampleOptions = { cropSize: 6, longSide: [4, 4], jitter: still };
  const places = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const greys = greysOf(trainingSample(ramp(4, 2), new Random(seed), options));
    assert.equal(greys.filter((grey) => grey !== undefined).length, 8);
    places.add(greys.findIndex((grey) => grey !== undefined));
  }
  assert.ok(places.size > 8, `${places.size} of 3·5 places seen`);
});

test("the same seed gives the same sample, another one another", () => {
  const sample = (seed: number): Float32Array =>
    trainingSample(ramp(40, 30), new Random(seed), {
      cropSize: 16,
      longSide: [16, 32],
      jitter: { ...still, hue: 0.1 },
    });
  assert.deepEqual(sample(1), sample(1));
  assert.notDeepEqual(sample(1), sample(2));
});
