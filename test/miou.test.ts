import assert from "node:assert/strict";
import { test } from "node:test";
import { addToConfusion, createConfusion, scoresOf } from "../src/miou";

const names = ["background", "cat", "dog", "cow"];

test("a 2×3 image worked by hand", () => {
  //       truth        prediction
  // row 0 0 1 1        0 1 0
  // row 1 2 2 255      2 255 1
  const confusion = createConfusion(4);
  addToConfusion(confusion, Uint8Array.of(0, 1, 1, 2, 2, 255), Uint8Array.of(0, 1, 0, 2, 255, 1), 255, "x");
  const scores = scoresOf(confusion, names);
  // background: 1 of {pixel 0, pixel 2}; cat: 1 of {1, 2}, the false alarm lies on an ignored pixel; dog: 1 of {3, 4}.
  assert.deepEqual(
    scores.perClass.map(({ iou }) => iou),
    [1 / 2, 1 / 2, 1 / 2, null],
  );
  assert.equal(scores.mIoU, 1 / 2);
  assert.equal(scores.pixelAccuracy, 3 / 5);
  assert.equal(scores.labelledPixels, 5);
  assert.equal(scores.ignoredPixels, 1);
  assert.equal(scores.unpredictedPixels, 1);
});

test("images are pooled before the division, not averaged", () => {
  const confusion = createConfusion(4);
  addToConfusion(confusion, Uint8Array.of(1, 1, 1, 1), Uint8Array.of(1, 1, 1, 0), 255, "a"); // alone: 3/4
  addToConfusion(confusion, Uint8Array.of(1), Uint8Array.of(0), 255, "b"); // alone: 0
  assert.equal(scoresOf(confusion, names).perClass[1].iou, 3 / 5);
});

test("a class that is only predicted scores 0 and stays out of the mean", () => {
  const confusion = createConfusion(4);
  addToConfusion(confusion, Uint8Array.of(0, 0, 0, 1), Uint8Array.of(0, 0, 3, 1), 255, "a");
  const { perClass, mIoU } = scoresOf(confusion, names);
  assert.deepEqual([perClass[3].iou, perClass[3].present, perClass[3].predictedPixels], [0, false, 1]);
  assert.equal(mIoU, (2 / 3 + 1) / 2);
});

test("no labelled pixel: null, not NaN", () => {
  const confusion = createConfusion(4);
  addToConfusion(confusion, Uint8Array.of(255), Uint8Array.of(1), 255, "a");
  const { mIoU, pixelAccuracy } = scoresOf(confusion, names);
  assert.deepEqual([mIoU, pixelAccuracy], [null, null]);
});

test("another ignore value and class count", () => {
  const confusion = createConfusion(2);
  addToConfusion(confusion, Uint8Array.of(0, 1, 9), Uint8Array.of(0, 9, 1), 9, "a");
  assert.deepEqual([...confusion.counts], [1, 0, 0, 0, 0, 1]);
});

test("bad values leave the matrix untouched and name the image", () => {
  const confusion = createConfusion(4);
  assert.throws(() => addToConfusion(confusion, Uint8Array.of(0, 1), Uint8Array.of(0, 7), 255, "img7"), /got 7.*img7/);
  assert.throws(() => addToConfusion(confusion, Uint8Array.of(0, 4), Uint8Array.of(0, 0), 255, "img4"), /ground truth/);
  assert.throws(() => addToConfusion(confusion, Uint8Array.of(0), Uint8Array.of(0, 0), 255, "img"), /1 pixels, got 2/);
  assert.equal(
    confusion.counts.reduce((a, b) => a + b),
    0,
  );
});
