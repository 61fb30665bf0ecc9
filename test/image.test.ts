import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import sharp from "sharp";
import { decodeRgb, findImage, readRgb } from "../src/data/image";

const raw = { width: 2, height: 1, channels: 3 } as const;
const colours = Buffer.of(10, 20, 30, 200, 100, 0);

test("RGB bytes of PNG are the file's own", async () => {
  const png = await sharp(colours, { raw }).png().toBuffer();
  assert.deepEqual(await decodeRgb(png, "x"), { width: 2, height: 1, data: Uint8Array.from(colours) });
});

test("grey, transparency and 16 bits become RGB8, as the reference's convert does", async () => {
  const grey = await sharp(Buffer.of(7, 250), { raw: { ...raw, channels: 1 } })
    .png()
    .toBuffer();
  assert.deepEqual([...(await decodeRgb(grey, "x")).data], [7, 7, 7, 250, 250, 250]);
  const clear = Buffer.of(10, 20, 30, 0, 200, 100, 0, 128);
  const rgba = await sharp(clear, { raw: { ...raw, channels: 4 } })
    .png()
    .toBuffer();
  assert.deepEqual([...(await decodeRgb(rgba, "x")).data], [...colours]);
  const deep = await sharp(colours, { raw }).toColourspace("rgb16").png().toBuffer();
  assert.deepEqual([...(await decodeRgb(deep, "x")).data], [...colours]);
  const palette = await sharp(colours, { raw }).png({ palette: true }).toBuffer();
  assert.equal((await decodeRgb(palette, "x")).data.length, 6);
});

test("CMYK JPEG comes out as RGB", async () => {
  const white = sharp({ create: { width: 16, height: 16, channels: 3, background: "white" } });
  const cmyk = await white.toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
  const { data } = await decodeRgb(cmyk, "x");
  assert.equal(data.length, 16 * 16 * 3);
  assert.ok(data.every((value) => value > 240));
});

test("EXIF orientation is applied, RGB profiles are not", async () => {
  const upright = await decodeRgb(await sharp(colours, { raw }).jpeg().toBuffer(), "x");
  const turned = await sharp(colours, { raw }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  assert.deepEqual(await decodeRgb(turned, "x"), { ...upright, width: 1, height: 2, orientation: 6 });
  const profiled = await sharp(colours, { raw }).png().withIccProfile("p3", { attach: true }).toBuffer();
  const stored = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer();
  assert.deepEqual([...(await decodeRgb(profiled, "x")).data], [...stored]);
});

test("truncated, damaged and foreign files are errors that name the file", async () => {
  const noise = Buffer.alloc(64 * 64 * 3);
  for (let i = 0; i < noise.length; i++) noise[i] = (i * 7919) % 251;
  const picture = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  for (const bytes of [await picture.jpeg().toBuffer(), await picture.png().toBuffer()]) {
    await assert.rejects(decodeRgb(bytes.subarray(0, bytes.length >> 1), "half.jpg"), /half\.jpg/);
    await assert.rejects(decodeRgb(bytes.subarray(0, 20), "stub.jpg"), /stub\.jpg/);
  }
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await assert.rejects(decodeRgb(svg, "x.png"), /JPEG, PNG, WebP, .* or AVIF image, got svg/);
  await assert.rejects(decodeRgb(Buffer.from("hello"), "x.png"), { name: "UserError" });
  await assert.rejects(readRgb("no/such.jpg"), /no such file \(no\/such\.jpg\)/);
});

test("an id is found with any of the extensions", async () => {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "image-"));
  await fs.mkdir(path.join(root, "JPEGImages"));
  await fs.writeFile(path.join(root, "JPEGImages", "a b.JPG"), "");
  assert.match(await findImage(root, "a b"), /a b\.JPG$/);
  await assert.rejects(findImage(root, "c"), /no image "c"/);
  await fs.rm(root, { recursive: true });
});
