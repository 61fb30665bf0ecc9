import assert from "node:assert/strict";
import { test } from "node:test";
import { confidentLabel } from "../src/seam/confident-label";

const dataset = { classCount: 4, ignore: 255 };
const label = 2;
/** A row of pixels with one tag, its map, and the two CRFs' foreground probabilities. */
function fromRow(map: readonly number[], low: readonly number[], high: readonly number[]) {
  const probabilities = (foreground: readonly number[]): Float32Array =>
    Float32Array.from(foreground.flatMap((p) => [1 - p, p]));
  const cams = { width: map.length, height: 1, maps: new Map([[label, Float32Array.from(map)]]) };
  return confidentLabel(cams, probabilities(low), probabilities(high), dataset);
}

test("the full label: foreground of the low exponent, background of the high one, the rest unknown", () => {
  const { full } = fromRow([0.9, 0.5, 0.0], [0.9, 0.2, 0.1], [0.9, 0.6, 0.1]);
  assert.deepEqual([...full], [label, 255, 0]);
});

test("of the pixels where a class wins, those strictly above the value at rank floor(0.6 n) stay", () => {
  const map = [0.91, 0.92, 0.93, 0.94, 0.95]; // rank 3 of 5 is 0.94
  const sure = map.map(() => 0.95);
  const { confident, camSure } = fromRow(map, sure, sure);
  assert.deepEqual([...camSure], [0, 0, 0, 0, 1]);
  assert.deepEqual([...confident], [255, 255, 255, 255, label]);
});

test("a class that wins on one pixel only is never sure", () => {
  const { confident } = fromRow([0.9, 0], [0.95, 0], [0.95, 0]);
  assert.deepEqual([...confident], [255, 0]);
});

test("background is sure above 0.8, and only where it wins somewhere in the low CRF", () => {
  // (1 − 0.005)^24 = 0.887, (1 − 0.02)^24 = 0.616
  const background = fromRow([0.005, 0.02, 0.9, 0.95, 0.96], [0, 0, 1, 1, 1], [0, 0, 1, 1, 1]);
  assert.deepEqual([...background.camSure], [1, 0, 0, 0, 1]);
  assert.deepEqual([...background.confident], [0, 255, 255, 255, label]);
  const none = fromRow([0.005, 0.02, 0.9, 0.95, 0.96], [1, 1, 1, 1, 1], [0, 0, 1, 1, 1]);
  assert.deepEqual([...none.camSure], [0, 0, 0, 0, 1]);
});

test("the CRF must be sure as well: background of the high exponent or foreground of the low one", () => {
  const { crfUnsure, confident } = fromRow([0, 0, 0.9, 0.95, 0.96], [0, 0, 1, 1, 0.7], [0, 0.3, 1, 1, 0.7]);
  assert.deepEqual([...crfUnsure], [0, 1, 0, 0, 1]);
  assert.deepEqual([...confident], [0, 255, 255, 255, 255]);
});

test("an image without tags is background all over", () => {
  const cams = { width: 2, height: 1, maps: new Map<number, Float32Array>() };
  const { confident, full } = confidentLabel(cams, Float32Array.of(1, 1), Float32Array.of(1, 1), dataset);
  assert.deepEqual([...confident], [0, 0]);
  assert.deepEqual([...full], [0, 0]);
});

test("probabilities of another size are refused", () => {
  const cams = { width: 2, height: 1, maps: new Map([[label, new Float32Array(2)]]) };
  assert.throws(() => confidentLabel(cams, new Float32Array(4), new Float32Array(3), dataset), /expected 2×2 prob/);
});
