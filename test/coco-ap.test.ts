import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { COCO_KEYS, categoryCurves, cocoFigures } from "../src/instances/coco-ap";
import type { Comparison } from "../src/instances/coco-match";
import { cocoResults } from "../src/instances/coco-results";
import { cocoTruth } from "../src/instances/coco-truth";
import { compareInstances } from "../src/instances/compare-instances";
import { numpyMean } from "../src/instances/numpy-mean";
import { meanVocFigures, vocFigures } from "../src/instances/voc-ap";

type Figures = Record<string, number> & { perClass: Record<string, number>; curve50: number[] };

const read = (name: string): unknown =>
  JSON.parse(fs.readFileSync(path.join(__dirname, "coco-goldens", `${name}.json`), "utf8"));

for (const name of ["crowded", "tied", "many", "empty"])
  test(`${name}: every figure of masks and boxes is pycocotools', in all digits`, async () => {
    const truth = cocoTruth(read(`${name}.gt`), "gt.json");
    const results = cocoResults(read(`${name}.results`), truth, "results.json");
    const { masks, boxes } = await compareInstances(truth, truth.images, results);
    assert.ok(masks);
    const golden = read(`${name}.figures`) as { segm: Figures; bbox: Figures };
    for (const [comparisons, wanted] of [
      [masks, golden.segm],
      [boxes, golden.bbox],
    ] as const) {
      const curves = comparisons.map(categoryCurves);
      const figures = cocoFigures(curves);
      assert.deepEqual(
        COCO_KEYS.map((key) => [key, figures[key]]),
        COCO_KEYS.map((key) => [key, wanted[key]]),
      );
      for (const [c, category] of truth.categories.entries())
        assert.equal(cocoFigures([curves[c]]).AP, wanted.perClass[category.name]);
      const curve = curves[0]?.all.precision.slice(0, 101) ?? new Float64Array(101).fill(-1);
      assert.deepEqual([...curve], wanted.curve50);
    }
  });

test("means are numpy's to the last bit, whatever their number", () => {
  // numpy: np.mean(1 / np.arange(1, n + 1)); np.cumsum-like sums would differ in the last digits
  assert.equal(numpyMean([1, 2, 4]), 7 / 3);
  assert.equal(numpyMean([]), Number.NaN);
  const harmonic = (n: number): number[] => Array.from({ length: n }, (_, i) => 1 / (i + 1));
  assert.equal(numpyMean(harmonic(7)), 0.37040816326530607);
  assert.equal(numpyMean(harmonic(100)), 0.05187377517639621);
  assert.equal(numpyMean(harmonic(1000)), 0.007485470860550345);
});

const crowd = { area: 100, isCrowd: true };
const object = { area: 100, isCrowd: false };
const compared = (scores: number[], truths: Comparison["truths"], overlaps: number[]): Comparison => ({
  scores,
  areas: scores.map(() => 100),
  truths,
  overlaps: Float64Array.from(overlaps),
});

test("AP of regions worked by hand: the second detection of an object is a false alarm", () => {
  // two images, three objects; by score: hit, second of the same object, hit, nothing
  const comparisons = [
    compared([0.9, 0.8], [object, object], [0.6, 0.1, 0.9, 0.2]),
    compared([0.7, 0.6], [object], [0.72, 0.3]),
  ];
  const { APr50, APr70, APr75, ABO } = vocFigures(comparisons);
  assert.ok(Math.abs(APr50 - (1 + 2 / 3) / 3) < 1e-12);
  // at 0.7 the first is a false alarm: misses 0.9, hits 0.8 and 0.7
  assert.ok(Math.abs(APr70 - (2 / 3 + 2 / 3) / 3) < 1e-12);
  assert.ok(Math.abs(APr75 - 1 / 2 / 3) < 1e-12);
  assert.ok(Math.abs(ABO - (0.9 + 0.2 + 0.72) / 3) < 1e-12);
});

test("a detection within a crowd is neither hit nor false alarm; classes without objects are left out of means", () => {
  const figures = vocFigures([compared([0.9, 0.8], [crowd, object], [1, 0.1, 0, 0.8])]);
  assert.deepEqual([figures.APr50, figures.ABO], [1, 0.8]);
  const none = vocFigures([compared([0.5], [crowd], [0])]);
  assert.deepEqual(none, { APr50: -1, APr70: -1, APr75: -1, ABO: -1 });
  assert.equal(meanVocFigures([figures, none]).APr50, 1);
  assert.equal(vocFigures([compared([], [object], [])]).APr50, 0);
});
