/** JSON that nobody writes by hand: each reader refuses it in words. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { cocoBoxesOf, readCocoFile } from "../src/data/coco";
import { readDataset } from "../src/data/dataset";
import { readImageTags } from "../src/data/image-tags";
import { MAX_JSON_DEPTH, parseJson, shown } from "../src/data/json";
import { readLabelme } from "../src/data/labelme";
import { pointsOf, readPointsFile } from "../src/data/points";
import { VOC } from "../src/data/voc";
import { recordSettings } from "../src/steps/outputs/settings-record";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-json-"));
after(() => fs.rmSync(folder, { recursive: true }));

const size = { width: 64, height: 48 };
const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
/** `String()` of it throws. */
const unprintable = { toString: 1, valueOf: 1 };

function fileOf(name: string, text: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
}

test("nesting is bounded; brackets in texts do not count", () => {
  const list = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.ok(parseJson(list(MAX_JSON_DEPTH)));
  assert.throws(() => parseJson(list(MAX_JSON_DEPTH + 1)), /nested more than 100 deep/);
  const text = `"\\\\${"[".repeat(200)}\\"{"`;
  assert.deepEqual(parseJson(`[${text},{}]`), [JSON.parse(text), {}]);
  assert.throws(() => parseJson("[1"), SyntaxError);
});

test("values in messages are short, whatever they are", () => {
  assert.equal(shown(undefined), "nothing");
  assert.equal(shown(unprintable), '{"toString":1,"valueOf":1}');
  assert.equal(shown("x".repeat(500)).length, 80);
});

test("deep nesting is an error that names the file, in every kind of JSON", async () => {
  const file = fileOf("dataset.json", deep);
  const refused = { name: "UserError", code: "input", message: /as JSON, got nested more than 100 deep \(.*dataset/ };
  for (const read of [
    () => readDataset(folder),
    () => readLabelme(file, VOC, size),
    () => readCocoFile(file),
    () => readPointsFile(file),
    () => readImageTags(folder, VOC, file),
  ])
    await assert.rejects(read, refused);
  fileOf("settings.json", `[{"a":${deep}}]`);
  assert.equal(await recordSettings(folder, { a: 1 }), undefined); // an unreadable record is none
});

test("objects that cannot be printed are shown, not tripped over", async () => {
  const shape = { label: "cat", points: [[1, 2]], shape_type: "point" };
  for (const wrong of [{ label: unprintable }, { shape_type: unprintable }, { points: unprintable }]) {
    const file = fileOf("labelme.json", JSON.stringify({ shapes: [{ ...shape, ...wrong }] }));
    await assert.rejects(readLabelme(file, VOC, size), { name: "UserError", message: /"toString":1.*shape 1 in/ });
  }
  for (const wrong of [{ x: unprintable }, { cls: unprintable }]) {
    const text = JSON.stringify({ a: { fg: [{ x: 1, y: 2, cls: "cat", ...wrong }] } });
    const points = await readPointsFile(fileOf("points.json", text));
    assert.throws(() => pointsOf(points, "a", VOC, size), { name: "UserError", message: /"toString":1.*fg 1, points/ });
  }
  const coco = {
    images: [{ id: 1, file_name: "a.jpg" }],
    categories: [{ id: 1, name: unprintable }],
    annotations: [1, unprintable].map((category_id) => ({ image_id: 1, category_id, bbox: [1, 2, 3, 4] })),
  };
  const read = await readCocoFile(fileOf("coco.json", JSON.stringify(coco)));
  assert.throws(() => cocoBoxesOf(read, "a", VOC, size), { name: "UserError", message: /category \{"toString":1/ });
});
