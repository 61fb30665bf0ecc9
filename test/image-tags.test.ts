import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { DatasetDescription } from "../src/data/dataset";
import { readImageTags } from "../src/data/image-tags";
import { encodeNpyDictionary } from "../src/weights/npy-dictionary";

const dataset: DatasetDescription = { classes: ["background", "cat", "dog", "cow"], palette: [], ignore: 255 };
let root = "";
beforeEach(async () => {
  root = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-tags-"));
});
afterEach(() => fs.rm(root, { recursive: true, force: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(root, name);
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(file, content);
  return file;
}

const xml = (...names: string[]): string =>
  `<annotation>${names.map((name) => `<object><name>${name}</name></object>`).join("")}</annotation>`;

test("the reference's cls_labels.npy: a vector per image", async () => {
  const vector = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
  const file = await write(
    "labels.npy",
    encodeNpyDictionary(
      new Map([
        ["x", vector(0, 1, 1)],
        ["none", vector(0, 0, 0)],
        ["short", vector(1, 0)],
      ]),
    ),
  );
  const tags = await readImageTags(root, dataset, file);
  assert.deepEqual(await tags.tagsOf("x"), [2, 3]);
  assert.deepEqual(await tags.tagsOf("none"), []);
  await assert.rejects(tags.tagsOf("short"), /expected 3 numbers, one per foreground class, got \[2\] \(image "short"/);
  await assert.rejects(tags.tagsOf("y"), /no tags of image "y"/);
});

test("JSON: indices from 0, names, or the vector; one bad entry does not cost the rest", async () => {
  const file = await write(
    "labels.json",
    JSON.stringify({ a: [2, 0], b: ["cow", "Dog"], c: [0, 1, 1], d: [], e: ["horse"], f: [3], g: "cat", h: [0, 1, 2] }),
  );
  const tags = await readImageTags(root, dataset, file);
  assert.deepEqual(await tags.tagsOf("a"), [1, 3]);
  assert.deepEqual(await tags.tagsOf("b"), [2, 3]);
  assert.deepEqual(await tags.tagsOf("c"), [2, 3]);
  assert.deepEqual(await tags.tagsOf("d"), []);
  await assert.rejects(tags.tagsOf("e"), /expected a class of the data set .* got "horse" \(image "e"/);
  await assert.rejects(tags.tagsOf("f"), /indices from 0 to 2/);
  await assert.rejects(tags.tagsOf("g"), /got "cat" \(image "g"/);
  assert.deepEqual(await tags.tagsOf("h"), [1, 2, 3]);
});

test("without a file: cls_labels in the data folder, else the annotations", async () => {
  await write("Annotations/x.xml", xml("dog", "cat", "dog"));
  await write("Annotations/y.xml", xml("horse"));
  const annotations = await readImageTags(root, dataset);
  assert.equal(annotations.source, path.join(root, "Annotations"));
  assert.deepEqual(await annotations.tagsOf("x"), [1, 2]);
  await assert.rejects(annotations.tagsOf("y"), /expected a class of the data set .* got "horse"/);
  await assert.rejects(annotations.tagsOf("z"), /no such file/);

  await write("ImageSets/cls_labels.json", JSON.stringify({ x: ["cow"] }));
  assert.deepEqual(await (await readImageTags(root, dataset)).tagsOf("x"), [3]);
});

test("a JSON that is no object, and a file that is not there, are named", async () => {
  await assert.rejects(
    readImageTags(root, dataset, await write("list.json", "[1]")),
    /expected an object \{id: tags\}/,
  );
  await assert.rejects(readImageTags(root, dataset, path.join(root, "no.npy")), /no such file/);
});

test("a vector and a list of places are told apart by the whole file, or not guessed", async () => {
  const two = { ...dataset, classes: dataset.classes.slice(0, 3) };
  const one = { ...dataset, classes: dataset.classes.slice(0, 2) };
  const tagsIn = async (content: object, of: typeof dataset, form?: "vector" | "indices"): Promise<number[]> => {
    const file = await write("forms.json", JSON.stringify(content));
    return (await readImageTags(root, of, file, form)).tagsOf("a");
  };
  assert.deepEqual(await tagsIn({ a: [1, 0] }, two), [1]);
  assert.deepEqual(await tagsIn({ a: [1, 0], b: [0] }, two), [1, 2]);
  assert.deepEqual(await tagsIn({ a: [0, 1], b: [1, 1] }, two), [2]);
  assert.deepEqual(await tagsIn({ a: [1, 0] }, two, "indices"), [1, 2]);
  assert.deepEqual(await tagsIn({ a: [1] }, one), [1]);
  assert.deepEqual(await tagsIn({ a: [0], b: [1] }, one), []);
  assert.deepEqual(await tagsIn({ a: [0], b: [] }, one), [1]);
  await assert.rejects(tagsIn({ a: [0] }, one), /say which with --tags-form/);
  assert.deepEqual(await tagsIn({ a: [0] }, one, "vector"), []);
  await assert.rejects(tagsIn({ a: [1, 0], b: [0], c: [1, 1] }, two), /say which with --tags-form/);
});

test("VOC's names as IRN's numbers, accents in either form, and a name that is not there", async () => {
  const file = await write("numbers.json", JSON.stringify({ "2007000032": ["cow"], "cafe\u0301": ["cow"] }));
  const tags = await readImageTags(root, dataset, file);
  assert.deepEqual(await tags.tagsOf("2007_000032"), [3]);
  assert.deepEqual(await tags.tagsOf("caf\u00e9"), [3]);
  await assert.rejects(tags.tagsOf("2007000039"), /no tags of image "2007000039"; near it: 2007000032/);
});
