import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { readRgb } from "../src/data/image";
import { connectSuperpixels } from "../src/seeds/superpixel-connectivity";
import { superpixels } from "../src/seeds/superpixels";
import { decodeNpy } from "../src/weights/npy";

const folder = path.join(__dirname, "seed-goldens");

test("scikit-image's superpixels, pixel for pixel (scripts/record-seed-goldens.py)", async () => {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".superpixels.npy"));
  assert.ok(names.length >= 2);
  for (const name of names) {
    const golden = decodeNpy(fs.readFileSync(path.join(folder, name)), name);
    const image = await readRgb(path.join(folder, name.replace(".superpixels.npy", ".png")));
    const { ids, count } = superpixels(image);
    assert.deepEqual([image.height, image.width], golden.shape);
    assert.deepEqual(ids, Int32Array.from(golden.data), name);
    assert.equal(count, 1 + Math.max(...new Set(ids)));
  }
});

test("every superpixel is connected, none left out", async () => {
  const data = new Uint8Array(60 * 40 * 3).map((_, i) => (Math.floor(i / 3) % 60 < 30 ? 40 : 200));
  const { ids, count } = superpixels({ width: 60, height: 40, data });
  const pieces = connectSuperpixels(ids, 60, 40, 1, 60 * 40).count;
  assert.equal(pieces, count);
  assert.equal(new Set(ids).size, count);
  const across = ids.some((id, i) => i % 60 === 29 && ids[i + 1] === id);
  assert.equal(across, false, "a superpixel crosses the edge");
});

test("pieces too small join their neighbour, too large ones are cut", () => {
  const clusters = Int32Array.of(0, 0, 0, 1, 0, 0, 0, 0);
  assert.deepEqual(connectSuperpixels(clusters, 4, 2, 2, 8), { ids: Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0), count: 1 });
  assert.deepEqual(connectSuperpixels(clusters, 4, 2, 1, 8), { ids: Int32Array.of(0, 0, 0, 1, 0, 0, 0, 0), count: 2 });
  const cut = connectSuperpixels(new Int32Array(8), 4, 2, 1, 3);
  assert.ok([...new Set(cut.ids)].every((id) => cut.ids.filter((value) => value === id).length <= 3));
});

test("images smaller than a superpixel, and thin ones, are fine", () => {
  for (const [width, height] of [
    [1, 1],
    [3, 2],
    [300, 2],
    [2, 300],
  ]) {
    const { ids, count } = superpixels({ width, height, data: new Uint8Array(3 * width * height).fill(9) });
    assert.equal(ids.length, width * height);
    assert.ok(count >= 1);
  }
});
