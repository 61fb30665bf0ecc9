import assert from "node:assert/strict";
import { test } from "node:test";
import { affinityTargets } from "../src/training/affinity/affinity-targets";
import {
  BACKGROUND_PAIR,
  FOREGROUND_PAIR,
  insidePairs,
  NEGATIVE_PAIR,
  NO_PAIR,
  pairLabels,
} from "../src/training/affinity/pair-labels";

const IGNORE = 9;

test("pairs of a window: outside the map stands background, unknown cells pair with nothing", () => {
  const geometry = { height: 1, width: 3, radius: 1, shape: "window" as const };
  const pairs = pairLabels(Uint8Array.of(0, 2, IGNORE), IGNORE, geometry);
  const [bg, fg, neg, none] = [BACKGROUND_PAIR, FOREGROUND_PAIR, NEGATIVE_PAIR, NO_PAIR];
  assert.deepEqual([...pairs.subarray(0, 9)], [bg, bg, bg, bg, bg, neg, bg, bg, bg]);
  assert.deepEqual([...pairs.subarray(9, 18)], [neg, neg, neg, neg, fg, none, neg, neg, neg]);
  assert.ok(pairs.subarray(18).every((pair) => pair === none));
});

test("pairs of a disc: each once, closer than r + 1, of cells with the whole half-disc inside (SEAM's search_dist)", () => {
  const size = 14;
  const radius = 4;
  const geometry = { height: size, width: size, radius, shape: "disc" as const };
  const pairs = pairLabels(new Uint8Array(size * size), IGNORE, geometry);
  const d = 2 * radius + 1;
  const of = (y: number, x: number): Uint8Array => pairs.subarray((y * size + x) * d * d, (y * size + x + 1) * d * d);
  assert.equal(of(0, radius).filter((pair) => pair === BACKGROUND_PAIR).length, 34); // SEAM: 34 offsets at radius 5
  assert.equal(of(0, radius - 1).filter((pair) => pair !== NO_PAIR).length, 0);
  assert.equal(of(size - radius, radius).filter((pair) => pair !== NO_PAIR).length, 0);
  assert.equal(of(0, radius)[(radius + 4) * d + radius + 4], NO_PAIR); // 4² + 4² ≥ 5²
  assert.equal(pairs.filter((pair) => pair !== NO_PAIR).length, 34 * (size - radius) * (size - 2 * radius));
});

test("counts are what the losses divide by; all unknown counts nothing", () => {
  const geometry = { height: 3, width: 3, radius: 1, shape: "window" as const };
  const label = Uint8Array.of(0, 0, 1, 0, 1, 1, IGNORE, IGNORE, IGNORE);
  const inside = Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0);
  const colour = new Float32Array(27);
  const targets = affinityTargets(label, inside, colour, IGNORE, geometry);
  const codes = [BACKGROUND_PAIR, FOREGROUND_PAIR, NEGATIVE_PAIR];
  const counted = codes.map((code) => targets.pairs.filter((pair) => pair === code).length);
  assert.deepEqual(targets.counts.slice(0, 3), counted);
  assert.equal(targets.counts[3], insidePairs(inside, geometry).filter(Boolean).length);
  assert.equal(targets.counts[3], 2 * (4 + 6 + 4));
  const unknown = affinityTargets(new Uint8Array(9).fill(IGNORE), new Uint8Array(9), undefined, IGNORE, geometry);
  assert.deepEqual(unknown.counts, [0, 0, 0, 0]);
  assert.equal(unknown.kernels, undefined);
});
