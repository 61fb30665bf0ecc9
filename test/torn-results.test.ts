/** A result that broke off is no result: found cheaply, named, made again, and what there was of it kept. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { encodeLabel } from "../src/data/label-png";
import { vocPalette } from "../src/data/voc";
import { isTorn } from "../src/files/torn-file";
import { encodeCams } from "../src/seam/cam-dictionary";
import { makeSeeds } from "../src/steps/make-seeds";
import { encodeNpy } from "../src/weights/npy";
import { writePth } from "../src/weights/pth-writer";
import { writeSafetensors } from "../src/weights/safetensors";
import { SIZE, writeTinyDataset } from "./tiny-dataset";

const PALETTE = vocPalette(256);
const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-torn-"));
const root = path.join(work, "data");
before(() => writeTinyDataset(root, 3));
after(() => fs.rmSync(work, { recursive: true }));

test("each kind of result is known by its end, at whatever place it broke off", async () => {
  const data = Float32Array.from({ length: 12 }, (_, i) => i);
  const state = new Map([["w", { shape: [12], data }]]);
  const file = (name: string): string => path.join(work, name);
  fs.writeFileSync(file("a.png"), encodeLabel({ width: 4, height: 3, data: new Uint8Array(12) }, PALETTE));
  fs.writeFileSync(file("a.npy"), encodeNpy({ shape: [3, 4], data }));
  fs.writeFileSync(file("b.npy"), encodeCams({ width: 4, height: 3, maps: new Map([[1, data]]) }));
  fs.writeFileSync(file("a.json"), '{"a": [1, 2]}\n');
  fs.writeFileSync(file("a.xml"), "<annotation><object/></annotation>\n");
  await writeSafetensors(file("a.safetensors"), state);
  await writePth(file("a.pth"), state);
  for (const name of ["a.png", "a.npy", "b.npy", "a.json", "a.xml", "a.safetensors", "a.pth"]) {
    assert.equal(await isTorn(file(name)), false, name);
    const whole = fs.readFileSync(file(name));
    const ends = name === "a.safetensors" ? [0, 4, 9] : [0, 1, 9, Math.floor(whole.length / 2), whole.length - 3];
    for (const length of ends) {
      fs.writeFileSync(file(name), whole.subarray(0, length));
      assert.equal(await isTorn(file(name)), true, `${name}, ${length} of ${whole.length} bytes`);
    }
  }
  fs.appendFileSync(
    file("c.png"),
    Buffer.concat([encodeLabel({ width: 1, height: 1, data: new Uint8Array(1) }, PALETTE), Buffer.from("note")]),
  );
  assert.equal(await isTorn(file("c.png")), false, "something behind the end is no break");
  assert.equal(await isTorn(file("nowhere.png")), false);
});

test("make-seeds makes torn labels again and names them, whoever wrote them; whole ones of others stay", async () => {
  const savePath = path.join(work, "seeds");
  const run = (): ReturnType<typeof makeSeeds.run> =>
    makeSeeds.run({ voc12Root: root, inferList: "train.txt", supervision: "box", savePath });
  await run();
  const label = (id: string): string => path.join(savePath, `${id}.png`);
  const [first, second] = ["img0", "img1"].map((id) => fs.readFileSync(label(id)));
  fs.writeFileSync(label("img0"), "");
  fs.writeFileSync(label("img1"), second.subarray(0, second.length - 20));
  fs.rmSync(path.join(savePath, ".a2gnn", "img1.png.json")); // as if another program had written it
  const own = encodeLabel({ ...SIZE, data: new Uint8Array(SIZE.width * SIZE.height) }, PALETTE);
  fs.writeFileSync(label("img2"), own);
  const { done, skipped, kept, notices } = await run();
  assert.deepEqual([done, skipped, kept], [2, 1, 1]);
  assert.deepEqual(fs.readFileSync(label("img0")), first);
  assert.deepEqual(fs.readFileSync(label("img1")), second);
  assert.deepEqual(fs.readFileSync(label("img2")), Buffer.from(own));
  assert.match(notices.join("\n"), /2 files in .* made again, as they broke off.*: img0\.png, img1\.png/);
  assert.deepEqual(fs.readFileSync(path.join(savePath, ".old", "img1.png")), second.subarray(0, second.length - 20));
  const again = await run();
  assert.deepEqual([again.done, again.skipped, again.kept], [0, 3, 1]);
});
