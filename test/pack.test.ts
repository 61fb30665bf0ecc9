import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, beforeEach, test } from "node:test";
import { readPieceSize, writePack } from "../src/setup/pack";
import { MANIFEST, type PackManifest, unpackPack } from "../src/setup/unpack";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-pack-"));
const outer = process.env.A2GNN_CACHE;
const cache = path.join(work, "cache");
const source = path.join(cache, "native/tiny-1.0");
const pack = path.join(work, "pack");
const elsewhere = path.join(work, "elsewhere");

/** Bytes that no compressor shortens. */
const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => Math.floor(256 * Math.abs(Math.sin(i * i)))));

beforeEach(async () => {
  process.env.A2GNN_CACHE = cache;
  for (const folder of [source, pack, elsewhere]) fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.join(source, "lib"), { recursive: true });
  fs.writeFileSync(path.join(source, "stamp.json"), '{ "recipe": "one" }');
  fs.writeFileSync(path.join(source, "lib/large.so"), noise);
  fs.writeFileSync(path.join(source, "lib/empty"), "");
  fs.writeFileSync(path.join(source, "run"), "#!/bin/sh\n", { mode: 0o755 });
  fs.symlinkSync("large.so", path.join(source, "lib/link.so"));
  fs.symlinkSync("lib", path.join(source, "library")); // a folder's
  fs.writeFileSync(path.join(work, "outside.so"), "from elsewhere");
  fs.symlinkSync(path.join(work, "outside.so"), path.join(source, "lib/linked-in.so"));
  fs.mkdirSync(pack);
});

after(() => {
  fs.rmSync(work, { recursive: true });
  if (outer === undefined) delete process.env.A2GNN_CACHE;
  else process.env.A2GNN_CACHE = outer;
});

function packed(): Promise<PackManifest> {
  return writePack(pack, [{ name: "tiny", in: "cache", folder: source, stamp: "stamp.json" }], 1000);
}

function changeManifest(change: (manifest: PackManifest) => unknown): void {
  const file = path.join(pack, MANIFEST);
  fs.writeFileSync(file, JSON.stringify(change(JSON.parse(fs.readFileSync(file, "utf8")) as PackManifest)));
}

test("packed in pieces and unpacked into an empty cache: the same files, modes and links", async () => {
  const manifest = await packed();
  const { pieces } = manifest.parts[0];
  assert.ok(pieces.length >= 5);
  assert.ok(pieces.slice(0, -1).every(({ bytes }) => bytes === 1000));
  const [part] = await unpackPack(pack, { cache: elsewhere });
  assert.equal(part.made, true);
  const copy = path.join(elsewhere, "native/tiny-1.0");
  assert.deepEqual(fs.readFileSync(path.join(copy, "lib/large.so")), noise);
  assert.equal(fs.statSync(path.join(copy, "lib/empty")).size, 0);
  assert.equal(fs.statSync(path.join(copy, "run")).mode & 0o111, 0o111);
  assert.equal(fs.readlinkSync(path.join(copy, "lib/link.so")), "large.so");
  assert.equal(fs.readlinkSync(path.join(copy, "library")), "lib");
  // a link that leads out of the folder would lead nowhere on another machine
  assert.equal(fs.lstatSync(path.join(copy, "lib/linked-in.so")).isFile(), true);
  assert.equal(fs.readFileSync(path.join(copy, "lib/linked-in.so"), "utf8"), "from elsewhere");
  assert.deepEqual(fs.readdirSync(path.join(elsewhere, "native")), ["tiny-1.0"]);
});

test("a second time there is nothing to do, and another making of the folder is replaced", async () => {
  await packed();
  await unpackPack(pack, { cache: elsewhere });
  assert.equal((await unpackPack(pack, { cache: elsewhere }))[0].made, false);
  fs.writeFileSync(path.join(elsewhere, "native/tiny-1.0/stamp.json"), '{ "recipe": "two" }');
  assert.equal((await unpackPack(pack, { cache: elsewhere }))[0].made, true);
  assert.match(fs.readFileSync(path.join(elsewhere, "native/tiny-1.0/stamp.json"), "utf8"), /one/);
});

test("a piece that is lost, cut or changed is named, and nothing is unpacked", async () => {
  const { file } = (await packed()).parts[0].pieces[2];
  const whole = fs.readFileSync(path.join(pack, file));
  const changed = Buffer.from(whole);
  changed[500] ^= 1;
  for (const [bytes, message] of [
    [changed, `${file} is not what was packed`],
    [whole.subarray(1), `expected 1000 bytes of ${file}, got 999`],
    [undefined, `the piece ${file} is missing`],
  ] as const) {
    fs.rmSync(path.join(pack, file));
    if (bytes !== undefined) fs.writeFileSync(path.join(pack, file), bytes);
    await assert.rejects(unpackPack(pack, { cache: elsewhere }), (error: Error) => error.message.includes(message));
    assert.equal(fs.existsSync(path.join(elsewhere, "native/tiny-1.0")), false);
    if (bytes === undefined) fs.writeFileSync(path.join(pack, file), whole);
  }
});

test("paths and links that lead out of their folder are refused", async () => {
  await packed();
  const original = fs.readFileSync(path.join(pack, MANIFEST), "utf8");
  const entryOf = (bad: object) => (manifest: PackManifest) => ({
    ...manifest,
    parts: manifest.parts.map((part) => ({ ...part, entries: [...part.entries, bad] })),
  });
  for (const [change, message] of [
    [entryOf({ path: "../out", mode: 0o644, size: 0 }), /a path below its folder, got "..\/out"/],
    [entryOf({ path: "/etc/out", mode: 0o644, size: 0 }), /a path below its folder/],
    [entryOf({ path: "lib/out", link: "../../out" }), /a link within its folder/],
    [entryOf({ path: "out", link: "/etc/passwd" }), /a link within its folder/],
    [entryOf({ path: "out", mode: -1, size: 0 }), /expected a pack of format 1/],
    [(manifest: PackManifest) => ({ ...manifest, format: 2 }), /expected a pack of format 1/],
    [(manifest: PackManifest) => ({ ...manifest, arch: "abacus" }), /expected a pack for .*, got one for .* abacus/],
    [() => "nothing", /expected a pack of format 1/],
  ] as const) {
    fs.writeFileSync(path.join(pack, MANIFEST), original);
    changeManifest(change);
    await assert.rejects(unpackPack(pack, { cache: elsewhere }), message);
    assert.deepEqual(fs.existsSync(elsewhere) ? fs.readdirSync(path.join(elsewhere, "native")) : [], []);
  }
  await assert.rejects(unpackPack(work, { cache: elsewhere }), /expected what setup --pack wrote/);
});

test("a folder of something else is left alone; sizes are read with their units", async () => {
  fs.writeFileSync(path.join(pack, "thesis.txt"), "mine");
  await assert.rejects(packed(), /holds thesis.txt, which is no part of a pack/);
  assert.deepEqual(["60M", "1.5K", "2g", "5000"].map(readPieceSize), [60e6, 1500, 2e9, 5000]);
  for (const bad of ["", "0", "12", "60X", "-1M"]) assert.throws(() => readPieceSize(bad), /--piece-size/);
});
