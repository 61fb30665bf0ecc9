import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMemory, classCount, memoryLimit, memoryOf } from "../src/label-photograph/memory";

const usual = { features: "handcrafted", workPixels: 1_000_000, graphSide: 320, supervision: "box" } as const;

test("what a photograph takes grows with its pixels, classes and the size it is labelled in", () => {
  const small = memoryOf({ width: 500, height: 400 }, 3, usual);
  const phone = memoryOf({ width: 4000, height: 3000 }, 3, usual);
  assert.ok(small < phone && phone < memoryOf({ width: 8000, height: 6000 }, 3, usual));
  assert.ok(phone < memoryOf({ width: 4000, height: 3000 }, 21, usual));
  assert.ok(phone < memoryOf({ width: 4000, height: 3000 }, 3, { ...usual, features: "cnn" }));
  assert.ok(memoryOf({ width: 4000, height: 3000 }, 3, { ...usual, workPixels: 0, graphSide: 0 }) > 7e9);
});

test("the estimate is within 30 % of what was measured (docs/measurements.md)", () => {
  const own = { ...usual, graphSide: 0 };
  const cnn = { ...own, features: "cnn" } as const;
  const cases: readonly [number, number, number, Parameters<typeof memoryOf>[2], number, number][] = [
    [516, 387, 3, usual, 0.53, 0.59], // width, height, classes, options, GB measured, GB told
    [4000, 3000, 3, usual, 0.87, 0.89],
    [1154, 866, 8, usual, 0.78, 0.93],
    [500, 334, 3, { ...own, supervision: "scribble" }, 0.49, 0.61],
    [1154, 866, 3, { ...own, supervision: "scribble" }, 0.94, 1.15],
    [1154, 866, 3, { ...usual, features: "imagenet", supervision: "scribble" }, 0.74, 0.83],
    [1154, 866, 3, { ...usual, graphSide: 256, supervision: "point" }, 0.64, 0.82],
    [500, 375, 21, cnn, 1.47, 1.46],
  ];
  for (const [width, height, classes, config, measured, told] of cases) {
    const gigabytes = memoryOf({ width, height }, classes, config) / 1e9;
    assert.ok(Math.abs(gigabytes / measured - 1) < 0.3, `${width}×${height}: ${gigabytes} GB, measured ${measured}`);
    assert.ok(Math.abs(gigabytes - told) < 0.005, `${width}×${height}: ${gigabytes} GB, told ${told}`);
  }
});

test("more than there is, is refused in words, with what helps", () => {
  const size = { width: 4000, height: 3000 };
  checkMemory(size, 3, usual, 4e9);
  assert.throws(() => checkMemory(size, 3, { ...usual, workPixels: 0, graphSide: 0 }, 4e9), {
    code: "input",
    message:
      /^4000×3000 pixels \(12 megapixels\) would take about \d+\.\d GB of memory, and there are 4\.0 GB: --work-pixels 1000000 labels it in a smaller size$/,
  });
  assert.throws(() => checkMemory(size, 3, usual, 5e8), /: reduce the photograph$/);
  assert.ok(memoryLimit() > 1e8);
});

test("classes that nobody names take no memory without a network", () => {
  assert.equal(classCount("handcrafted", [7, 7, 0, 3], 21), 3);
  assert.equal(classCount("cnn", [7], 21), 21);
  assert.equal(classCount("imagenet", [1, 2, 255], 3), 3);
});
