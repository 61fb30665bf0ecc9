import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { parseImageList, readImageList } from "../src/data/image-list";

const idsOf = (text: string): string[] => parseImageList(text, "list").ids;

test("bare ids, the reference's lines, VOC's class lists, and names with spaces", () => {
  assert.deepEqual(idsOf("2007_000032\r\n\n 2007_000039 \n"), ["2007_000032", "2007_000039"]);
  assert.deepEqual(idsOf("/JPEGImages/a.jpg /SegmentationClass/a.png\nJPEGImages/b.JPEG"), ["a", "b"]);
  assert.deepEqual(idsOf("/JPEGImages/test only.png"), ["test only"]);
  assert.deepEqual(idsOf("2008_000002 -1\n2008_000003  1"), ["2008_000002", "2008_000003"]);
  assert.deepEqual(idsOf("my photo 1\nmy photo 2.jpg\nv1.2"), ["my photo 1", "my photo 2", "v1.2"]);
});

test("names that end in 0 or 1 are names where the photographs, or the other lines, say so", () => {
  assert.deepEqual(idsOf("scan 0\nscan 1\nscan 2"), ["scan 0", "scan 1", "scan 2"]);
  assert.deepEqual(idsOf("scan\nscan 1"), ["scan", "scan 1"]);
  assert.deepEqual(parseImageList("scan 0\nscan 1", "list", ["scan 0", "scan 1"]).ids, ["scan 0", "scan 1"]);
  assert.deepEqual(parseImageList("scan 0\nplan 1", "list", ["scan", "plan 1"]).ids, ["scan", "plan 1"]);
  assert.deepEqual(parseImageList("a -1\nb 1\nc", "list", ["a", "b", "c"]).ids, ["a", "b", "c"]);
});

test("an image counts once, with a notice", () => {
  const { ids, notices } = parseImageList("a\nb\na\na.jpg", "list");
  assert.deepEqual(ids, ["a", "b"]);
  assert.match(notices[0], /2 images more than once/);
});

test("lines that lead out of the folder are refused with their number", () => {
  for (const line of ["../secret", "/etc/passwd", "/JPEGImages/../../x.jpg", "a/b", "a\\b", "..", "a\u0000b"])
    assert.throws(() => idsOf(`fine\n${line}`), /list:2/, line);
  assert.throws(() => idsOf("\n \n"), /at least one image, got none/);
  assert.throws(() => idsOf("x".repeat(300)), /list:1/);
});

test("a list is looked up as a path, then among the image sets", async () => {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "list-"));
  const sets = path.join(root, "ImageSets", "Segmentation");
  await fs.mkdir(sets, { recursive: true });
  await fs.writeFile(path.join(sets, "train.txt"), "\ufeffa\nb\n");
  const read = await readImageList("train.txt", root);
  assert.deepEqual(read, { ids: ["a", "b"], split: "train", notices: [] });
  const own = path.join(root, "train.txt");
  await fs.writeFile(own, "c\n");
  assert.deepEqual((await readImageList(own, root)).ids, ["c"]);
  await fs.writeFile(path.join(root, "ImageSets", "extra.txt"), "d\n");
  assert.deepEqual((await readImageList("extra.txt", root)).ids, ["d"]);
  await assert.rejects(readImageList("val.txt", root), /no image list "val\.txt": looked for .*Segmentation/);
  await fs.rm(root, { recursive: true });
});
