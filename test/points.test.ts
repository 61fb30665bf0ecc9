import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { drawPoints, type PointsFile, pointsOf, readPointsFile } from "../src/data/points";
import { VOC } from "../src/data/voc";

const size = { width: 9, height: 9 };

function fileOf(images: Record<string, unknown>): PointsFile {
  return { file: "points.json", images: new Map(Object.entries(images)) };
}

test("foreground and background clicks, numbered or named", () => {
  const file = fileOf({
    a: {
      fg: [
        { x: 1.5, y: 2, cls: 15, rank: 1 },
        { x: 3, y: 3, cls: "dog" },
      ],
      bg: [
        { x: 0, y: 9, cls: 0 },
        { x: 4, y: 4 },
      ],
    },
    b: [{ x: 1, y: 1, cls: 1 }],
  });
  assert.deepEqual(pointsOf(file, "a", VOC, size), [
    { x: 1.5, y: 2, class: 15 },
    { x: 3, y: 3, class: 12 },
    { x: 0, y: 9, class: 0 },
    { x: 4, y: 4, class: 0 },
  ]);
  assert.deepEqual(pointsOf(file, "b", VOC, size), [{ x: 1, y: 1, class: 1 }]);
  assert.deepEqual(pointsOf(file, "none", VOC, size), []);
});

test("bad clicks cost their image and are named", () => {
  const bad: [unknown, RegExp][] = [
    [
      {
        fg: [
          { x: 1, y: 1, cls: 1 },
          { x: 10, y: 1, cls: 1 },
        ],
      },
      /within 9×9 pixels, got x 10, y 1: were .* of another size\? \(fg 2, .*image "a"/,
    ],
    [{ fg: [{ x: "1", y: 1, cls: 1 }] }, /a click within/],
    [{ fg: [{ x: 1, y: 1 }] }, /0 to 20 as "cls", got nothing/],
    [{ fg: [{ x: 1, y: 1, cls: 21 }] }, /got 21/],
    [{ fg: [{ x: 1, y: 1, cls: "unicorn" }] }, /got "unicorn"/],
    [{ fg: [], bg: [{ x: 1, y: 1, cls: 3 }] }, /a background click, got class 3 \(bg 1/],
    [{ fg: [null] }, /a click within/],
    [null, /lists of clicks/],
    [7, /lists of clicks/],
  ];
  for (const [entry, message] of bad) assert.throws(() => pointsOf(fileOf({ a: entry }), "a", VOC, size), message);
});

test("a click is a disc of radius 3; where two meet, the nearer wins", () => {
  const { data } = drawPoints([{ x: 4, y: 4, class: 5 }], size, 255);
  assert.equal(data.filter((value) => value === 5).length, 29);
  assert.equal(data[4 * 9 + 1], 5);
  assert.equal(data[4 * 9], 255);
  const two = drawPoints(
    [
      { x: 2, y: 4, class: 5 },
      { x: 6, y: 4, class: 6 },
    ],
    size,
    255,
  ).data;
  assert.deepEqual([...two.subarray(36, 45)], [5, 5, 5, 5, 5, 6, 6, 6, 6]);
  const edge = drawPoints([{ x: 9, y: 9, class: 1 }], size, 255).data;
  assert.equal(edge[80], 1);
});

test("the file must be an object", async () => {
  const file = path.join(await fs.mkdtemp(path.join(os.tmpdir(), "points-")), "points.json");
  await fs.writeFile(file, '{"a": {"fg": []}, "__proto__": {"fg": []}}');
  assert.deepEqual([...(await readPointsFile(file)).images.keys()], ["a", "__proto__"]);
  await fs.writeFile(file, "[]");
  await assert.rejects(readPointsFile(file), /an object/);
  await fs.rm(path.dirname(file), { recursive: true });
});
