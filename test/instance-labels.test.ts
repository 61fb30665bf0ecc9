import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabelMap } from "../src/data/label-png";
import { instanceLabels, type LabelledPixels } from "../src/instances/instance-labels";
import type { InstanceMark } from "../src/instances/instance-mark";
import type { CellGraph } from "../src/instances/mark-walk";
import { maskArea, maskBox } from "../src/instances/rle";
import { storedInstances } from "../src/instances/stored-instances";
import { forEachNeighbour, windowSize } from "../src/window/windowed-map";

const [WIDTH, HEIGHT, CELL] = [64, 32, 4];

/** A picture of letters, one a cell of 4×4 pixels; "." is background, a letter a class and a colour. */
function scene(
  rows: readonly string[],
  classOf: (letter: string) => number,
): { pixels: LabelledPixels; graph: CellGraph } {
  const [width, height] = [rows[0].length, rows.length];
  const grid = { width, height, radius: 4 };
  const values = new Float32Array(windowSize(grid));
  const letter = (cell: number): string => rows[Math.floor(cell / width)][cell % width];
  forEachNeighbour(grid, (pair, i, j) => {
    values[pair] = letter(i) === letter(j) ? 0.9 : 0.2;
  });
  const label: LabelMap = {
    width: width * CELL,
    height: height * CELL,
    data: new Uint8Array(width * height * CELL ** 2),
  };
  for (let i = 0; i < label.data.length; i++) {
    const cell = Math.floor(Math.floor(i / label.width) / CELL) * width + Math.floor((i % label.width) / CELL);
    label.data[i] = letter(cell) === "." ? 0 : classOf(letter(cell));
  }
  const probabilities = Float32Array.from({ length: 3 * label.data.length }, (_, i) =>
    label.data[Math.floor(i / 3)] === i % 3 ? 0.8 : 0.1,
  );
  return { pixels: { label, probabilities, classes: [0, 1, 2] }, graph: { affinity: { ...grid, values }, cell: CELL } };
}

/** A box around cells, both ends included. */
const box = (left: number, top: number, right: number, bottom: number): InstanceMark["box"] => ({
  xmin: left * CELL,
  ymin: top * CELL,
  xmax: (right + 1) * CELL - 1,
  ymax: (bottom + 1) * CELL - 1,
});

/** Which mark each cell went to, by the pixel in its middle; "." for none. */
function owners(owner: Int32Array, rows: readonly string[]): string[] {
  const width = rows[0].length;
  return rows.map((row, y) =>
    [...row]
      .map((_, x) => owner[(y * CELL + 2) * width * CELL + x * CELL + 2])
      .join("")
      .replaceAll("-1", "."),
  );
}

// Two of one class, told apart by colour; the boxes share the columns in the middle.
const PAIR = [
  "................",
  ".aaaaaaaaa......",
  ".aaaaaaaaabbbbb.",
  ".aaaaaaaaabbbbb.",
  ".aaaaaaabbbbbbb.",
  ".aaaaaaabbbbbbb.",
  ".......bbbbbbbb.",
  "................",
];
const PAIR_MARKS: InstanceMark[] = [
  { class: 1, box: box(1, 1, 9, 5) },
  { class: 1, box: box(7, 2, 14, 6) },
];

test("where boxes of a class overlap, the graph gives each its own; the smaller would take all", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const truth = PAIR.map((row) => row.replaceAll("a", "0").replaceAll("b", "1"));
  const walked = instanceLabels(pixels, PAIR_MARKS, graph);
  assert.deepEqual(owners(walked.owners, PAIR), truth);
  const smaller = instanceLabels(pixels, PAIR_MARKS, graph, { rule: "smaller" });
  assert.equal(owners(smaller.owners, PAIR)[3], ".00000011111111.");
  assert.equal(pixels.label.width, WIDTH);
  assert.equal(pixels.label.height, HEIGHT);
});

test("every pixel of a class within a box is somebody's, and masks are the owners", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const { owners: owner, instances } = instanceLabels(pixels, PAIR_MARKS, graph);
  for (const [pixel, value] of pixels.label.data.entries()) assert.equal(owner[pixel] >= 0, value === 1);
  const areas = instances.map(({ mask }) => maskArea(mask));
  assert.deepEqual(
    areas,
    [0, 1].map((index) => owner.filter((each) => each === index).length),
  );
  assert.deepEqual(instances[0].box, maskBox(instances[0].mask));
  assert.ok(instances.every(({ score, isFilled }) => Math.abs(score - 0.8) < 1e-6 && !isFilled));
});

test("classes do not meet: a box of another class in front takes nothing, and the parts behind it are one object", () => {
  const rows = ["................", ".aaaa.cc.aaaaa..", ".aaaa.cc.aaaaa..", ".aaaa.cc.aaaaa..", "................"];
  const { pixels, graph } = scene(rows, (letter) => (letter === "c" ? 2 : 1));
  const marks: InstanceMark[] = [
    { class: 1, box: box(1, 1, 13, 3) },
    { class: 2, box: box(5, 1, 8, 3) },
  ];
  const { owners: owner, instances } = instanceLabels(pixels, marks, graph);
  assert.deepEqual(owners(owner, rows)[2], ".0000.11.00000..");
  assert.deepEqual([...maskBox(instances[0].mask)], [4, 4, 52, 12]);
});

test("a part beyond something in front goes to the object that it is like", () => {
  // the right part is within both boxes; its colour is a's, whose own pixels lie across the gap
  const rows = [
    "................",
    ".aaaaa...aaaaa..",
    ".aaaaa...aaaaa..",
    ".........bbbbb..",
    ".........bbbbb..",
    ".........bbbbb..",
  ];
  const { pixels, graph } = scene(rows, () => 1);
  const marks: InstanceMark[] = [
    { class: 1, box: box(1, 1, 13, 2) },
    { class: 1, box: box(9, 1, 13, 5) },
  ];
  const found = owners(instanceLabels(pixels, marks, graph).owners, rows);
  assert.deepEqual(found[1], ".00000...00000..");
  assert.deepEqual(found[5], ".........11111..");
});

test("clicks and strokes stand for objects without boxes; what is drawn on is its object's", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const at = (x: number, y: number): number => y * pixels.label.width + x;
  const stroke = Array.from({ length: 24 }, (_, i) => at(8 + i, 10));
  const marks: InstanceMark[] = [
    { class: 1, pixels: stroke },
    { class: 1, pixels: [at(50, 18)] },
  ];
  const truth = PAIR.map((row) => row.replaceAll("a", "0").replaceAll("b", "1"));
  assert.deepEqual(owners(instanceLabels(pixels, marks, graph).owners, PAIR), truth);
  const mistaken = instanceLabels(pixels, [...marks, { class: 1, pixels: [at(2, 2)] }], graph);
  assert.equal(mistaken.owners[at(2, 2)], 2); // on the background: the person knows better
});

test("a box whose object the label has lost gets the ellipse in it, from larger boxes too, unless asked not to", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const width = pixels.label.width;
  const small = { xmin: 44, ymin: 8, xmax: 59, ymax: 15 }; // 16×8 pixels, within the second box of PAIR_MARKS and smaller
  const marks = [...PAIR_MARKS, { class: 2, box: small }];
  const ellipse = (x: number, y: number): boolean => ((x - 51.5) / 8) ** 2 + ((y - 11.5) / 4) ** 2 <= 1;
  const { owners: owner, instances } = instanceLabels(pixels, marks, graph);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      assert.equal(owner[y * width + x] === 2, ellipse(x, y) && x >= 44 && x <= 59 && y >= 8 && y <= 15, `${x}, ${y}`);
  assert.deepEqual(
    [instances[2].isFilled, maskArea(instances[2].mask)],
    [true, owner.filter((each) => each === 2).length],
  );
  assert.ok(instances[2].score < 0.2);
  assert.deepEqual([instances[0].isFilled, instances[1].isFilled], [false, false]);
  const left = instanceLabels(pixels, marks, graph, { leastShare: 0 }).instances[2];
  assert.deepEqual([left.isFilled, maskArea(left.mask), left.score], [false, 0, 0]);
});

test("an ellipse leaves out what a smaller box holds and what a person drew as something else", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const at = (x: number, y: number): number => y * pixels.label.width + x;
  const isDrawn = new Uint8Array(pixels.label.data.length);
  for (let x = 40; x < 60; x++) isDrawn[at(x, 11)] = 1; // a stroke of class 1
  const marks: InstanceMark[] = [
    { class: 1, box: box(11, 2, 12, 2) },
    { class: 2, box: box(10, 1, 14, 3) },
  ];
  const { owners: owner, instances } = instanceLabels({ ...pixels, isDrawn }, marks, graph);
  assert.deepEqual([instances[0].isFilled, instances[1].isFilled], [false, true]);
  assert.equal(owner[at(46, 9)], 0);
  assert.equal(owner[at(54, 9)], 1);
  assert.equal(owner[at(54, 11)], -1);
});

test("lost objects are filled from the largest to the smallest, and keep what the label has left them", () => {
  const rows = ["................", "................", "...aaa..........", "...aaa..........", "................"];
  const { pixels, graph } = scene(rows, (letter) => (letter === "a" ? 1 : 2));
  const marks: InstanceMark[] = [
    { class: 1, box: box(3, 2, 12, 4) }, // 6 of 30 cells are labelled
    { class: 2, box: box(8, 2, 11, 3) },
  ];
  const { owners: owner, instances } = instanceLabels(pixels, marks, graph);
  assert.deepEqual([instances[0].isFilled, instances[1].isFilled], [true, true]);
  const found = owners(owner, rows);
  assert.equal(found[2].slice(3, 6), "000"); // its corner is outside the ellipse
  assert.equal(found[3], "...0000011100...");
  assert.ok(found[2].includes("1") && !found[4].includes("1"));
});

test("boxes of one pixel, at the border, twice the same, and a thousand at once", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const dot = { xmin: 20, ymin: 12, xmax: 20, ymax: 12 };
  const beyond = { xmin: 64, ymin: 32, xmax: 64, ymax: 32 }; // VOC counts from 1
  const marks: InstanceMark[] = [
    ...PAIR_MARKS,
    { class: 1, box: dot },
    { class: 1, box: dot },
    { class: 1, box: beyond },
  ];
  const { instances } = instanceLabels(pixels, marks, graph);
  assert.equal(instances.length, 5);
  assert.ok(maskArea(instances[2].mask) + maskArea(instances[3].mask) <= 1);
  const many = Array.from(
    { length: 1000 },
    (_, i): InstanceMark => ({
      class: 1,
      box: { xmin: i % 50, ymin: i % 23, xmax: (i % 50) + 13, ymax: (i % 23) + 8 },
    }),
  );
  const all = instanceLabels(pixels, many, graph);
  assert.equal(all.instances.length, 1000);
  assert.deepEqual(instanceLabels(pixels, [], graph).instances, []);
});

test("without a graph the smaller wins; the same call gives the same labels", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const smaller = instanceLabels(pixels, PAIR_MARKS, graph, { rule: "smaller" });
  assert.deepEqual(instanceLabels(pixels, PAIR_MARKS, undefined).owners, smaller.owners);
  assert.deepEqual(instanceLabels(pixels, PAIR_MARKS, graph), instanceLabels(pixels, PAIR_MARKS, graph));
});

test("turned into the stored frame: masks, boxes and owners alike", () => {
  const { pixels, graph } = scene(PAIR, () => 1);
  const found = instanceLabels(pixels, PAIR_MARKS, graph);
  const image = { width: pixels.label.width, height: pixels.label.height, orientation: 6 as const };
  const turned = storedInstances(found, PAIR_MARKS, image);
  assert.deepEqual([turned.size.width, turned.size.height], [HEIGHT, WIDTH]);
  for (const [i, { mask, box }] of turned.found.instances.entries()) {
    assert.equal(maskArea(mask), maskArea(found.instances[i].mask));
    assert.deepEqual(box, maskBox(mask));
    const { xmin = 0, ymin = 0, xmax = 0, ymax = 0 } = turned.marks[i].box ?? {};
    assert.ok(box[0] >= xmin && box[1] >= ymin && box[0] + box[2] - 1 <= xmax && box[1] + box[3] - 1 <= ymax);
  }
});
