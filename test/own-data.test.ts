import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { cocoBoxesOf, readCocoFile } from "../src/data/coco";
import type { DatasetDescription } from "../src/data/dataset";
import { readLabelme } from "../src/data/labelme";
import { pixelsInside } from "../src/data/turned-box";
import { vocPalette } from "../src/data/voc";
import { readBoxes } from "../src/data/voc-boxes";
import { encodeBoxes } from "../src/data/voc-xml";
import { openYoloFolder, readYoloBoxes } from "../src/data/yolo";

const own: DatasetDescription = {
  classes: ["background", "leaf", "salt & pepper"],
  palette: vocPalette(3),
  ignore: 255,
};
const size = { width: 100, height: 80 };
let folder = "";
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "own-"));
});
after(() => fs.rm(folder, { recursive: true }));

async function write(name: string, content: unknown): Promise<string> {
  const file = path.join(folder, name);
  await fs.writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

test("labelme: shapes become boxes, scribbles and clicks", async () => {
  const shape = (label: string, shape_type: string, ...points: number[][]) => ({ label, shape_type, points });
  const file = await write("a.json", {
    imageWidth: 100,
    imageHeight: 80,
    imageData: "",
    shapes: [
      shape("leaf", "rectangle", [30, 40], [10, 20]),
      shape("leaf", "polygon", [5, 5], [9, 7], [6, 20]),
      shape("salt & pepper", "circle", [50, 40], [53, 44]),
      shape("leaf", "point", [3.5, 4]),
      shape("_background_", "linestrip", [1, 1], [2, 2], [3, 1]),
      shape("__ignore__", "rectangle", [1, 1], [2, 2]),
    ],
  });
  const { boxes, points, scribbles, notices } = await readLabelme(file, own, size);
  assert.deepEqual(boxes, [
    { xmin: 10, ymin: 20, xmax: 30, ymax: 40, class: 1 },
    { xmin: 5, ymin: 5, xmax: 9, ymax: 20, class: 1 },
    { xmin: 45, ymin: 35, xmax: 55, ymax: 45, class: 2 },
  ]);
  assert.deepEqual(points, [{ x: 3.5, y: 4, class: 1 }]);
  assert.deepEqual(scribbles, [{ class: 0, points: [1, 1, 2, 2, 3, 1] }]);
  assert.deepEqual(notices, []);
});

test("labelme: what is wrong is named", async () => {
  const wrong: [unknown, RegExp][] = [
    [{}, /a list "shapes"/],
    [{ shapes: [], imageWidth: 80, imageHeight: 100 }, /100×80 pixels, as its image has, got 80×100/],
    [
      {
        shapes: [
          {
            label: "twig",
            points: [
              [1, 1],
              [2, 2],
            ],
            shape_type: "rectangle",
          },
        ],
      },
      /got "twig"/,
    ],
    [{ shapes: [{ label: "leaf", points: [[1, 1]], shape_type: "rectangle" }] }, /at least 2 points, got 1/],
    [{ shapes: [{ label: "leaf", points: [[1, "x"]], shape_type: "point" }] }, /list of \[x, y\]/],
    [{ shapes: [{ label: "leaf", points: [[101, 1]], shape_type: "point" }] }, /a point within/],
    [{ shapes: [{ label: 7, points: [] }] }, /text as "label"/],
    [
      {
        shapes: [
          {
            label: "leaf",
            points: [
              [1, 1],
              [2, 2],
            ],
            shape_type: "blob",
          },
        ],
      },
      /got "blob"/,
    ],
    [{ shapes: [null] }, /text as "label"/],
    [[], /a list "shapes"/],
    [
      {
        shapes: [
          {
            label: "background",
            points: [
              [1, 1],
              [2, 2],
            ],
            shape_type: "rectangle",
          },
        ],
      },
      /a foreground class/,
    ],
  ];
  for (const [content, message] of wrong)
    await assert.rejects(readLabelme(await write("b.json", content), own, size), message);
});

test("COCO: images by file name, classes by name, edges to pixels", async () => {
  const file = await write("coco.json", {
    images: [
      { id: 7, file_name: "some/where/a.jpg", width: 100, height: 80 },
      { id: 8, file_name: "b.v2.png", width: 1, height: 1 },
    ],
    categories: [
      { id: 3, name: "leaf" },
      { id: 90, name: "salt & pepper" },
    ],
    annotations: [
      { image_id: 7, category_id: 90, bbox: [10, 20, 30, 40] },
      { image_id: 7, category_id: 3, bbox: [0.4, 0.6, 99.6, 79.4], iscrowd: 0 },
      { image_id: 99, category_id: 3, bbox: [0, 0, 1, 1] },
    ],
  });
  const coco = await readCocoFile(file);
  assert.deepEqual(cocoBoxesOf(coco, "a", own, size), {
    boxes: [
      { xmin: 10, ymin: 20, xmax: 39, ymax: 59, class: 2 },
      { xmin: 0, ymin: 1, xmax: 99, ymax: 79, class: 1 },
    ],
    notices: [],
  });
  assert.equal(cocoBoxesOf(coco, "unknown", own, size), undefined);
  assert.throws(
    () => cocoBoxesOf(coco, "b.v2", own, size),
    /100×80 pixels, as its image has, got 1×1: .* \(image "b\.v2"/,
  );
});

test("COCO: a bad box costs its image, a bad file is refused", async () => {
  for (const [bbox, category_id, message] of [
    [[1, 1, -5, 5], 1, /xmin ≤ xmax/],
    [[1, 1, 5], 1, /four numbers/],
    [null, 1, /four numbers/],
    [[200, 1, 5, 5], 1, /within 100×80/],
    [[1, 1, 5, 5], 2, /got "category 2"/],
  ] as const) {
    const content = {
      images: [{ id: 1, file_name: "a.jpg" }],
      categories: [{ id: 1, name: "leaf" }],
      annotations: [{ image_id: 1, category_id, bbox }],
    };
    const coco = await readCocoFile(await write("coco.json", content));
    assert.throws(() => cocoBoxesOf(coco, "a", own, size), message);
  }
  await assert.rejects(readCocoFile(await write("coco.json", { images: [] })), /a list "categories"/);
  await assert.rejects(readCocoFile(await write("coco.json", "null")), /a list "categories"/);
  await assert.rejects(readCocoFile(await write("coco.json", "[1,")), /as JSON/);
});

test("YOLO: boxes and polygons in shares of the image", async () => {
  const labels = path.join(folder, "labels");
  await fs.mkdir(labels);
  await fs.writeFile(
    path.join(labels, "a.txt"),
    "0 0.5 0.5 0.2 0.25\n\n1 0.25 0.75 0.5 0.5 0.9\n1 0.1 0.1 0.3 0.1 0.2 0.5\n",
  );
  const folderOf = await openYoloFolder(labels, own);
  assert.deepEqual(folderOf.names, ["leaf", "salt & pepper"]);
  assert.deepEqual((await readYoloBoxes(folderOf, "a", own, size))?.boxes, [
    { xmin: 40, ymin: 30, xmax: 59, ymax: 49, class: 1 },
    { xmin: 0, ymin: 40, xmax: 49, ymax: 79, class: 2 },
    { xmin: 10, ymin: 8, xmax: 29, ymax: 39, class: 2 },
  ]);
  await fs.writeFile(path.join(labels, "classes.txt"), "salt & pepper\nleaf\n");
  const named = await openYoloFolder(labels, own);
  assert.equal((await readYoloBoxes(named, "a", own, size))?.boxes[0].class, 2);
  assert.equal(await readYoloBoxes(named, "none", own, size), undefined);
  for (const line of [
    "2 0.5 0.5 0.1 0.1",
    "0 0.5 0.5 0.1",
    "0 50 50 10 10",
    "leaf 0.5 0.5 0.1 0.1",
    "0 0.5 0.5 NaN 0.1",
    "-1 0 0 0 0",
  ]) {
    await fs.writeFile(path.join(labels, "bad.txt"), `0 0.5 0.5 0.2 0.2\n${line}\n`);
    await assert.rejects(readYoloBoxes(named, "bad", own, size), /bad\.txt:2/, line);
  }
});

test("boxes written as VOC XML are read back", async () => {
  const boxes = [
    { xmin: 1, ymin: 2, xmax: 99, ymax: 79, class: 2 },
    { xmin: 0, ymin: 0, xmax: 0, ymax: 0, class: 1 },
  ];
  const file = await write("a.xml", encodeBoxes(boxes, "a & b.jpg", size, own));
  assert.deepEqual(await readBoxes(file, own, size), { boxes, notices: [] });
});

test("edges to pixels: halves count, inverted edges stay inverted", () => {
  assert.deepEqual(pixelsInside(0.5, 0.49, 2.5, 2.49), { xmin: 1, ymin: 0, xmax: 2, ymax: 1 });
  assert.deepEqual(pixelsInside(3.2, 3.2, 3.3, 3.3), { xmin: 3, ymin: 3, xmax: 3, ymax: 3 });
  assert.deepEqual(pixelsInside(5, 0, 2, 1), { xmin: 5, ymin: 0, xmax: 2, ymax: 0 });
});
