import assert from "node:assert/strict";
import { test } from "node:test";
import { boxAreas, boxIou, decodeBoxes, encodeBoxes } from "../src/mask-rcnn/boxes";
import { BACKGROUND, matchBoxes, UNDECIDED } from "../src/mask-rcnn/match";
import { highest, suppress } from "../src/mask-rcnn/nms";
import { Random } from "../src/random";
import { sampleAnchors, sampleRegions } from "../src/training/mask-rcnn/region-samples";
import { recorded } from "./mask-rcnn-golden";

test("suppression keeps what torchvision keeps, with many equal scores", async () => {
  const golden = await recorded("operations");
  const [boxes, scores] = ["nms/boxes", "nms/scores"].map((name) => golden.get(name)?.data as Float32Array);
  for (const threshold of [0.3, 0.5, 0.7])
    assert.deepEqual(
      [...suppress(boxes, scores, threshold)],
      [...(golden.get(`nms/${threshold}`)?.data ?? [])].map(Number),
    );
});

test("suppression equals comparing every pair; groups leave one another alone; a thousand boxes and none", () => {
  const random = new Random(3);
  const count = 1000;
  const boxes = Float32Array.from(
    Array.from({ length: count }, () => {
      const [x, y] = [random.integer(80), random.integer(80)];
      return [x, y, x + 1 + random.integer(30), y + 1 + random.integer(30)];
    }).flat(),
  );
  const scores = Float32Array.from({ length: count }, () => random.integer(50) / 50);
  const groups = Uint8Array.from({ length: count }, () => random.integer(3));
  const areas = boxAreas(boxes);
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  const gone = new Set<number>();
  for (const [rank, i] of order.entries())
    if (!gone.has(i))
      for (const j of order.slice(rank + 1))
        if (groups[i] === groups[j] && boxIou(boxes, i, areas[i], boxes, j, areas[j]) > 0.4) gone.add(j);
  const wanted = order.filter((i) => !gone.has(i));
  assert.deepEqual([...suppress(boxes, scores, 0.4, groups)], wanted);
  assert.ok(wanted.length < count && wanted.length > 20);
  assert.deepEqual([...suppress(new Float32Array(0), [], 0.5)], []);
});

test("the highest scores are found without sorting all; the first of equals", () => {
  const scores = Float32Array.of(0.5, 0.9, 0.5, 0.1, 0.9, 0.5);
  assert.deepEqual([...highest(scores, 4)], [1, 4, 0, 2]);
  assert.deepEqual([...highest(scores, 9)], [1, 4, 0, 2, 5, 3]);
  assert.deepEqual([...highest(scores, 0)], []);
});

test("shifts decode to the boxes that they were made of; enormous ones are cut off", () => {
  const references = Float32Array.of(10, 20, 50, 40, 0, 0, 7, 9);
  const wanted = Float32Array.of(12, 18, 60, 44, 1, 2, 3, 10);
  const weights = { centre: 10, size: 5 };
  const decoded = decodeBoxes(encodeBoxes(wanted, references, weights), references, weights);
  for (const [i, edge] of wanted.entries()) assert.ok(Math.abs(decoded[i] - edge) < 1e-4);
  const huge = decodeBoxes(Float32Array.of(0, 0, 1e6, 1e6), references.subarray(0, 4), { centre: 1, size: 1 });
  assert.ok(huge.every(Number.isFinite) && Math.abs(huge[2] - huge[0] - (40 * 1000) / 16) < 1);
});

test("matching: by overlap, undecided between the thresholds, the best for each object, none for one without overlap", () => {
  const boxes = Float32Array.of(0, 0, 10, 10, 0, 0, 10, 20, 100, 100, 110, 110, 0, 0, 4, 4);
  const objects = Float32Array.of(0, 0, 10, 10, 100, 100, 130, 130, 300, 300, 310, 310);
  const plain = { high: 0.7, low: 0.3, eachObject: false };
  assert.deepEqual([...matchBoxes(boxes, objects, plain)], [0, UNDECIDED, BACKGROUND, BACKGROUND]);
  assert.deepEqual([...matchBoxes(boxes, objects, { ...plain, eachObject: true })], [0, UNDECIDED, 1, BACKGROUND]);
  assert.deepEqual([...matchBoxes(boxes, new Float32Array(0), plain)], [-1, -1, -1, -1]);
});

test("samples: at most so many, a share of them positive, the same for a seed; images without objects give background alone", () => {
  const random = new Random(9);
  const anchors = Float32Array.from(
    Array.from({ length: 2000 }, () => {
      const [x, y] = [random.uniform(0, 200), random.uniform(0, 200)];
      return [x, y, x + 30, y + 30];
    }).flat(),
  );
  const objects = { boxes: Float32Array.of(50, 50, 80, 80, 120, 60, 150, 90), classes: Uint8Array.of(2, 1) };
  const draw = { count: 40, positiveShare: 0.25 };
  const sample = sampleAnchors(anchors, objects, draw, new Random(1));
  assert.equal(sample.indices.length, 40);
  assert.ok(sample.positives > 0 && sample.positives <= 10 && sample.deltas.length === 4 * sample.positives);
  assert.deepEqual(sampleAnchors(anchors, objects, draw, new Random(1)), sample);
  assert.notDeepEqual(sampleAnchors(anchors, objects, draw, new Random(2)).indices, sample.indices);
  const regions = sampleRegions(anchors, objects, draw, new Random(1));
  assert.equal(regions.classes.length, 40);
  assert.ok(regions.positives > 0 && regions.positives <= 10);
  assert.ok(
    regions.classes.every((label, i) =>
      i < regions.positives ? label === objects.classes[regions.objects[i]] : label === 0,
    ),
  );
  const nothing = { boxes: new Float32Array(0), classes: new Uint8Array(0) };
  assert.equal(sampleAnchors(anchors, nothing, draw, new Random(1)).positives, 0);
  const background = sampleRegions(anchors, nothing, draw, new Random(1));
  assert.deepEqual([background.positives, background.classes.some((label) => label > 0)], [0, false]);
});
