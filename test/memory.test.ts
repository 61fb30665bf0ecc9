import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMemory, classCount, memoryLimit, memoryOf } from "../src/label-photograph/memory";

const usual = { features: "handcrafted", workPixels: 1_000_000, supervision: "box" } as const;

test("what a photograph takes grows with its pixels, classes and the size it is labelled in", () => {
  const small = memoryOf({ width: 500, height: 400 }, 3, usual);
  const phone = memoryOf({ width: 4000, height: 3000 }, 3, usual);
  assert.ok(small < phone && phone < memoryOf({ width: 8000, height: 6000 }, 3, usual));
  assert.ok(phone < memoryOf({ width: 4000, height: 3000 }, 21, usual));
  assert.ok(phone < memoryOf({ width: 4000, height: 3000 }, 3, { ...usual, features: "cnn" }));
  assert.ok(memoryOf({ width: 4000, height: 3000 }, 3, { ...usual, workPixels: 0 }) > 8e9);
});

test("more than there is, is refused in words, with what helps", () => {
  const size = { width: 4000, height: 3000 };
  checkMemory(size, 3, usual, 4e9);
  assert.throws(() => checkMemory(size, 3, { ...usual, workPixels: 0 }, 4e9), {
    code: "input",
    message:
      /^4000×3000 pixels \(12 megapixels\) would take about \d+\.\d GB of memory, and there are 4\.0 GB: --work-pixels 1000000 labels it in a smaller size$/,
  });
  assert.throws(() => checkMemory(size, 3, usual, 1e9), /: reduce the photograph$/);
  assert.ok(memoryLimit() > 1e8);
});

test("classes that nobody names take no memory without a network", () => {
  assert.equal(classCount("handcrafted", [7, 7, 0, 3], 21), 3);
  assert.equal(classCount("cnn", [7], 21), 21);
  assert.equal(classCount("imagenet", [1, 2, 255], 3), 3);
});
