import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { unzipSync } from "fflate";
import { openContainedFolder } from "../src/annotate/contained-folder";
import { exportFolder, zipStream } from "../src/annotate/export-archive";
import { type EXPORT_FORMATS, exportFiles, type LabelledFile } from "../src/annotate/export-files";
import { labelRegions } from "../src/annotate/label-regions";
import { pinsOf } from "../src/annotate/pinned-regions";
import { checkDataset } from "../src/data/dataset";
import { decodeLabel, type LabelMap } from "../src/data/label-png";
import { cocoMask } from "../src/instances/coco-segmentation";
import { polygonsMask } from "../src/instances/polygon-mask";
import { regionOutline } from "../src/instances/region-outline";
import { decodeMask } from "../src/instances/rle";
import { Random } from "../src/random";

const dataset = checkDataset({ classes: ["background", "cat", "<b>dog</b>"] }, "test");

/** A ring with an island in its hole, two pixels that touch at a corner, a region at the border, and unknown pixels. */
const drawn = labelOf(`
  1111111..2
  1.....1.2.
  1.222.1...
  1.2.2.1.11
  1.222.1.11
  1.....1???
  1111111.22
`);

function labelOf(rows: string): LabelMap {
  const lines = rows.trim().split(/\s+/);
  const values: Record<string, number> = { ".": 0, "1": 1, "2": 2, "?": 255 };
  return {
    width: lines[0].length,
    height: lines.length,
    data: Uint8Array.from(lines.join(""), (sign) => values[sign]),
  };
}

function randomLabel(width: number, height: number, seed: number): LabelMap {
  const random = new Random(seed);
  return { width, height, data: Uint8Array.from({ length: width * height }, () => Math.floor(random.uniform() * 3)) };
}

test("regions are four-connected, of one class, and cover the foreground", () => {
  const regions = labelRegions(drawn, 255);
  assert.deepEqual(
    regions.map(({ class: index, area }) => [index, area]),
    [
      [1, 24],
      [2, 1],
      [2, 1],
      [2, 8],
      [1, 4],
      [2, 2],
    ],
  );
  assert.deepEqual(regions[4].box, { xmin: 8, ymin: 3, xmax: 9, ymax: 4 });
});

for (const [name, label] of [
  ["drawn", drawn],
  ...[1, 2, 3].map((seed) => [`random ${seed}`, randomLabel(17, 13, seed)] as const),
] as const)
  test(`outlines filled as pycocotools does are the regions again, holes included: ${name}`, () => {
    for (const region of labelRegions(label, 255)) {
      const mask = decodeMask(polygonsMask([regionOutline(region, label.width)], label, "test"));
      const wanted = new Uint8Array(label.data.length);
      for (let i = 0; i < region.runs.length; i += 2)
        wanted.fill(1, region.runs[i], region.runs[i] + region.runs[i + 1]);
      assert.deepEqual(mask, wanted);
    }
  });

test("pinned regions come back from their picture", () => {
  const pins = pinsOf(drawn, 255);
  const data = new Uint8Array(drawn.data.length).fill(255);
  for (const { class: index, runs } of pins)
    for (let i = 0; i < runs.length; i += 2) data.fill(index, runs[i], runs[i] + runs[i + 1]);
  assert.deepEqual(data, drawn.data);
});

async function* labels(): AsyncGenerator<LabelledFile> {
  yield { name: "a b", file: "a b.jpg", label: drawn };
  yield { name: "empty", file: "empty.png", label: { width: 2, height: 2, data: new Uint8Array(4) } };
}

async function contents(format: (typeof EXPORT_FORMATS)[number]): Promise<Record<string, Uint8Array>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of zipStream(exportFiles(format, labels(), dataset)) as unknown as AsyncIterable<Uint8Array>)
    chunks.push(chunk);
  return unzipSync(Buffer.concat(chunks));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

test("VOC: the label's own pixels, boxes around the regions, names with markup escaped", async () => {
  const files = await contents("voc");
  assert.deepEqual(decodeLabel(files["SegmentationClass/a b.png"], "test").data, drawn.data);
  assert.match(text(files["Annotations/a b.xml"]), /<name>&lt;b&gt;dog&lt;\/b&gt;<\/name>/);
  assert.equal(text(files["ImageSets/Segmentation/train.txt"]), "a b\nempty\n");
});

for (const format of ["coco-rle", "coco-polygons"] as const)
  test(`${format}: masks that add up to the label, areas and boxes`, async () => {
    const { images, annotations, categories } = JSON.parse(text((await contents(format))["annotations.json"]));
    assert.deepEqual(
      images.map(({ file_name }: { file_name: string }) => file_name),
      ["a b.jpg", "empty.png"],
    );
    assert.deepEqual(categories, [
      { id: 1, name: "cat" },
      { id: 2, name: "<b>dog</b>" },
    ]);
    const sum = new Uint8Array(drawn.data.length);
    for (const { image_id, category_id, segmentation, area } of annotations) {
      assert.equal(image_id, 1);
      const mask = decodeMask(cocoMask(segmentation, drawn, "test"));
      assert.equal(
        mask.reduce((a, b) => a + b, 0),
        area,
      );
      for (const [i, inside] of mask.entries()) if (inside) sum[i] = category_id;
    }
    assert.deepEqual(
      sum,
      drawn.data.map((value) => (value === 255 ? 0 : value)),
    );
  });

test("YOLO: shares of the sides, numbers from the first foreground class; labelme: polygons with names", async () => {
  const yolo = await contents("yolo");
  const rows = text(yolo["labels/a b.txt"]).split("\n");
  assert.equal(rows[1], "1 0.900000 0.000000 1.000000 0.000000 1.000000 0.142857 0.900000 0.142857");
  assert.equal(text(yolo["labels/classes.txt"]), "cat\n<b>dog</b>\n");
  const { shapes, imagePath, imageWidth } = JSON.parse(text((await contents("labelme"))["a b.json"]));
  assert.deepEqual([shapes.length, shapes[1].label, imagePath, imageWidth], [6, "<b>dog</b>", "a b.jpg", 10]);
});

test("a folder is never exported into twice", async () => {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-export-"));
  const folder = await openContainedFolder(root);
  for (const wanted of ["Exports/yolo", "Exports/yolo-2"])
    assert.deepEqual(await exportFolder(folder, "yolo", exportFiles("yolo", labels(), dataset)), {
      folder: wanted,
      files: 4,
    });
  await fs.rm(root, { recursive: true });
});
