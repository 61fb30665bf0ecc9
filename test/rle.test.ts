import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { cocoMask } from "../src/instances/coco-segmentation";
import { boxIou, difference, intersection, maskIou, union } from "../src/instances/mask-overlap";
import { polygonsMask } from "../src/instances/polygon-mask";
import {
  type CocoBox,
  decodeMask,
  encodeMask,
  maskArea,
  maskBox,
  type Rle,
  rleFromString,
  rleToString,
} from "../src/instances/rle";

interface Measures {
  readonly width: number;
  readonly height: number;
  readonly counts: string;
  readonly area: number;
  readonly box: number[];
}

const goldens = JSON.parse(fs.readFileSync(path.join(__dirname, "coco-goldens", "masks.json"), "utf8")) as {
  masks: (Measures & { pixels: string })[];
  polygons: (Measures & { polygons: number[][] })[];
  overlaps: {
    width: number;
    height: number;
    masks: string[];
    boxes: CocoBox[];
    iou: number[];
    boxIou: number[];
    union: string;
  }[];
};

function assertMeasures(rle: Rle, { counts, area, box }: Measures): void {
  assert.equal(rleToString(rle), counts);
  assert.equal(maskArea(rle), area);
  assert.deepEqual([...maskBox(rle)], box);
}

test("run lengths worked by hand: column after column, zeros first", () => {
  const mask = [0, 1, 1, 0, 1, 0]; // 3×2: columns (0,0), (1,1), (1,0)
  const rle = encodeMask(mask, { width: 3, height: 2 });
  assert.deepEqual([...rle.counts], [2, 3, 1]);
  assert.deepEqual([...encodeMask([1], { width: 1, height: 1 }).counts], [0, 1]);
  assert.deepEqual([...decodeMask(rle)], mask);
  assert.deepEqual([maskArea(rle), ...maskBox(rle)], [3, 1, 0, 2, 2]);
});

test("masks: pycocotools' text, area and box, and back", () => {
  assert.equal(goldens.masks.length, 20);
  for (const golden of goldens.masks) {
    const pixels = [...golden.pixels].map(Number);
    assertMeasures(encodeMask(pixels, golden), golden);
    assert.deepEqual([...decodeMask(rleFromString(golden.counts, golden, "golden"))], pixels);
  }
});

test("polygons become pycocotools' masks", () => {
  assert.equal(goldens.polygons.length, 45);
  for (const golden of goldens.polygons) assertMeasures(polygonsMask(golden.polygons, golden, "golden"), golden);
});

test("IoU of masks and boxes, with and without a crowd, and unions as pycocotools has them", () => {
  for (const golden of goldens.overlaps) {
    const [a, b] = golden.masks.map((text) => rleFromString(text, golden, "golden"));
    assert.deepEqual([maskIou(a, b), maskIou(a, b, true)], golden.iou);
    const [first, second] = golden.boxes;
    assert.deepEqual([boxIou(first, second), boxIou(first, second, true)], golden.boxIou);
    assert.equal(rleToString(union(a, b)), golden.union);
    assert.equal(maskArea(difference(a, b)), maskArea(a) - intersection(a, b));
  }
});

test("run lengths of 27 bits survive", () => {
  const rle = { width: 2 ** 13, height: 2 ** 14, counts: Uint32Array.from([1, 2 ** 26, 5, 2 ** 26 - 7, 1]) };
  assert.deepEqual(rleFromString(rleToString(rle), rle, "large").counts, rle.counts);
});

test("the three forms of a segmentation are one mask; runs of nothing do not matter", () => {
  const size = { width: 4, height: 3 };
  const expectedCounts = [4, 2, 1, 2, 3];
  const where = "annotation 1";
  const forms = [
    [[1, 1, 1, 3, 3, 3, 3, 1]],
    { size: [3, 4], counts: expectedCounts },
    { size: [3, 4], counts: [4, 1, 0, 1, 1, 2, 3, 0] },
    { size: [3, 4], counts: rleToString({ ...size, counts: Uint32Array.from(expectedCounts) }) },
  ];
  for (const form of forms) assert.deepEqual([...cocoMask(form, size, where).counts], expectedCounts);
});

test("hostile segmentations are named", () => {
  const size = { width: 4, height: 3 };
  const failing = (value: unknown, message: RegExp): void => {
    assert.throws(() => cocoMask(value, size, "annotation 7"), { name: "UserError", code: "input", message });
  };
  failing(null, /polygons, or run lengths.*null.*annotation 7/);
  failing({ size: [3, 4] }, /"counts" as text or a list/);
  failing({ size: [3, 5], counts: [15] }, /mask of 4×3 pixels, got 5×3/);
  failing({ size: [1e9, 1e9], counts: [12] }, /mask of 4×3/);
  failing({ size: [3, 4], counts: [11] }, /sum to 4×3 pixels, got 11/);
  failing({ size: [3, 4], counts: [1e15, 1e15] }, /sum to 4×3 pixels, got more/);
  failing({ size: [3, 4], counts: [-1, 13] }, /whole numbers from 0/);
  failing({ size: [3, 4], counts: [1.5, 10.5] }, /whole numbers from 0/);
  failing({ size: [3, 4], counts: "=" }, /sum to 4×3 pixels, got more/);
  failing({ size: [3, 4], counts: ";" }, /sum to 4×3 pixels, got 11/);
  failing({ size: [3, 4], counts: "é" }, /as pycocotools writes/);
  failing({ size: [3, 4], counts: "P" }, /as pycocotools writes/); // says that another group follows
  failing({ size: [3, 4], counts: "oooooooooo0" }, /as pycocotools writes/);
  failing({ size: [3, 4], counts: "O" }, /run lengths from 0 on, got -1/);
  failing([], /at least one polygon/);
  failing([[1, 1, 2, 2]], /three or more corners, got 4 numbers/);
  failing([[0, 0, 1, 0, 1, "1"]], /three or more corners/);
  failing([[0, 0, 1e12, 0, 1, 1]], /absurd length/);
  failing([[0, 0, 1, 0, 1, 1, 2]], /7 numbers/);
});
