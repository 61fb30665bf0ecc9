import assert from "node:assert/strict";
import test from "node:test";
import sharp from "sharp";
import { decodeRgb } from "../src/data/image";
import { displayedPixel, displayedRaster, type Orientation, storedRaster } from "../src/data/orientation";

const stored = { width: 7, height: 5 };
const pixels = Uint8Array.from({ length: 3 * stored.width * stored.height }, (_, i) => (i * 37) % 251);
const drawn = (): sharp.Sharp => sharp(pixels, { raw: { ...stored, channels: 3 } });
const all: readonly Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];

test("the eight EXIF orientations are turned as viewers turn them", async () => {
  for (const orientation of all) {
    const size = orientation >= 5 ? { width: 5, height: 7 } : stored;
    const turned = { ...size, orientation };
    const wanted = displayedRaster(pixels, turned, 3);
    assert.deepEqual(storedRaster(wanted, turned, 3), pixels);
    for (const format of ["png", "webp", "tiff"] as const) {
      const options = { lossless: true, compression: "none" } as const;
      const bytes = await drawn().withMetadata({ orientation }).toFormat(format, options).toBuffer();
      const image = await decodeRgb(bytes, "drawn");
      assert.deepEqual([image.width, image.height], [size.width, size.height], `${format} ${orientation}`);
      assert.equal(image.orientation ?? 1, orientation, format);
      assert.deepEqual(image.data, wanted, `${format} ${orientation}`);
    }
  }
});

test("where a stored pixel comes to lie, by hand", () => {
  const places: Record<Orientation, [number, number]> = {
    1: [2, 1],
    2: [4, 1],
    3: [4, 3],
    4: [2, 3],
    5: [1, 2],
    6: [3, 2],
    7: [3, 4],
    8: [1, 4],
  };
  for (const orientation of all) {
    const size = orientation >= 5 ? { width: 5, height: 7 } : stored;
    assert.deepEqual(displayedPixel(2, 1, { ...size, orientation }), places[orientation], String(orientation));
  }
});

test("bitmaps of 1, 4, 8, 24 and 32 bits, bottom row first or last", async () => {
  const colours = [
    [0, 0, 0],
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ];
  for (const depth of [1, 4, 8, 24, 32])
    for (const upsideUp of [false, true]) {
      const [width, height] = [5, 3];
      const index = (x: number, y: number): number => (x + 2 * y) % (depth === 1 ? 2 : 4);
      const stride = 4 * Math.ceil((width * depth) / 32);
      const paletteBytes = depth <= 8 ? 16 : 0;
      const file = Buffer.alloc(54 + paletteBytes + stride * height);
      file.write("BM");
      file.writeUInt32LE(54 + paletteBytes, 10);
      file.writeUInt32LE(40, 14);
      file.writeInt32LE(width, 18);
      file.writeInt32LE(upsideUp ? -height : height, 22);
      file.writeUInt16LE(depth, 28);
      file.writeUInt32LE(depth <= 8 ? 4 : 0, 46);
      if (depth <= 8) for (const [i, [r, g, b]] of colours.entries()) file.set([b, g, r], 54 + 4 * i);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const row = 54 + paletteBytes + stride * (upsideUp ? y : height - 1 - y);
          const [r, g, b] = colours[index(x, y)];
          if (depth >= 24) file.set([b, g, r], row + (x * depth) / 8);
          else file[row + ((x * depth) >> 3)] |= index(x, y) << (8 - depth - ((x * depth) & 7));
        }
      const image = await decodeRgb(file, "drawn");
      const wanted = Array.from({ length: width * height }, (_, i) => colours[index(i % width, Math.floor(i / width))]);
      assert.deepEqual([...image.data], wanted.flat(), `${depth} bits, ${upsideUp}`);
      await assert.rejects(decodeRgb(file.subarray(0, file.length - 1), "cut"), /truncated/);
    }
});

test("16 bits of which few are used are stretched, and it is said", async () => {
  const grey = (most: number): Promise<Buffer> => {
    const values = Uint16Array.from({ length: 6 }, (_, i) => Math.round((most * i) / 5));
    const raw = { width: 3, height: 2, channels: 1 } as const;
    return sharp(values, { raw }).toColourspace("grey16").png().toBuffer();
  };
  for (const [most, last, told] of [
    [65535, 255, []],
    [4095, 255, ["values use 12 of 16 bits: stretched to the full range"]],
    [1023, 255, ["values use 10 of 16 bits: stretched to the full range"]],
    [200, 200, ["values use 8 of 16 bits: stretched to the full range"]],
  ] as const) {
    const image = await decodeRgb(await grey(most), "drawn");
    assert.deepEqual([...image.data.slice(-3)], [last, last, last], String(most));
    assert.deepEqual(image.notices ?? [], told);
  }
});

test("CMYK: by its profile where it has one, else what cyan and black leave of red", async () => {
  const red = sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 200, g: 40, b: 30 } } });
  const inks = red.toColourspace("cmyk");
  const withProfile = await inks.clone().withIccProfile("cmyk").jpeg({ quality: 100 }).toBuffer();
  const managed = await decodeRgb(withProfile, "drawn");
  const difference = [200, 40, 30].map((value, c) => Math.abs(managed.data[c] - value));
  assert.ok(Math.max(...difference) < 30, `by the profile: ${[...managed.data.slice(0, 3)]}`);

  const bare = await inks.clone().jpeg({ quality: 100 }).toBuffer();
  assert.equal((await sharp(bare).metadata()).space, "cmyk");
  const stripped = withoutMarkers(bare, 0xe2);
  assert.notEqual((await sharp(stripped).metadata()).hasProfile, true);
  const { data: cmyk } = await sharp(stripped, { ignoreIcc: true })
    .toColourspace("cmyk")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [c, m, y, k] = cmyk;
  const wanted = [c, m, y].map((ink) => Math.round(((255 - ink) * (255 - k)) / 255));
  assert.deepEqual([...(await decodeRgb(stripped, "drawn")).data.slice(0, 3)], wanted);
});

/** A JPEG without the segments of one marker. */
function withoutMarkers(jpeg: Buffer, marker: number): Buffer {
  const kept: Buffer[] = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at] === 0xff && jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] !== marker) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, jpeg.subarray(at)]);
}

test("GIF and AVIF are read; several pictures in a file are told of", async () => {
  const frames = sharp(pixels, { raw: { ...stored, channels: 3, pageHeight: 5 } });
  const gif = await decodeRgb(await frames.gif().toBuffer(), "drawn");
  assert.deepEqual([gif.width, gif.height], [7, 5]);
  const avif = await decodeRgb(await drawn().avif({ lossless: true }).toBuffer(), "drawn");
  assert.deepEqual([avif.width, avif.height, avif.data.length], [7, 5, 105]);
  const two = Uint8Array.from({ length: 4 * 8 * 3 }, (_, i) => (i < 48 ? 0 : 255));
  const pages = await sharp(two, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
    .gif()
    .toBuffer();
  const first = await decodeRgb(pages, "drawn");
  assert.deepEqual([first.width, first.height], [4, 4]);
  assert.deepEqual(first.notices, ["the first of 2 pictures in the file is used"]);
});
