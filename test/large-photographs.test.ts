import assert from "node:assert/strict";
import { before, test } from "node:test";
import { useBackend } from "../src/backend";
import type { RgbImage } from "../src/data/image";
import { upsampleGuided } from "../src/image-ops/guided-upsampling";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import { sideWithin } from "../src/label-photograph/reduced-input";
import { Random } from "../src/random";

before(() => useBackend());

/** A red disc on green, in noise, and its mask. */
function disc(width: number, height: number): { image: RgbImage; mask: Uint8Array } {
  const random = new Random(2);
  const data = new Uint8Array(3 * width * height);
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      mask[at] = (x - 0.45 * width) ** 2 + (y - 0.5 * height) ** 2 < (0.3 * height) ** 2 ? 1 : 0;
      for (let c = 0; c < 3; c++) data[3 * at + c] = (c === 1 - mask[at] ? 180 : 60) + random.integer(16);
    }
  return { image: { width, height, data }, mask };
}

test("the side at which a photograph has at most so many pixels", () => {
  assert.equal(sideWithin({ width: 500, height: 375 }, 1_000_000), 0);
  assert.equal(sideWithin({ width: 4000, height: 3000 }, 1_000_000), 1154);
  assert.equal(sideWithin({ width: 3000, height: 4000 }, 1_000_000), 1154);
  assert.equal(sideWithin({ width: 4000, height: 3000 }, 0), 0);
});

test("a coarse mask follows the full photograph's edge", () => {
  const { image: full, mask } = disc(240, 180);
  const { image: small, mask: coarse } = disc(60, 45);
  const wrong = (label: (x: number, y: number) => number): number => {
    let count = 0;
    for (let y = 0; y < 180; y++) for (let x = 0; x < 240; x++) if (label(x, y) !== mask[y * 240 + x]) count++;
    return count;
  };
  const guided = new Float32Array(240 * 180);
  upsampleGuided(Float32Array.from(coarse), small, full, (pixel, value) => {
    guided[pixel] = value;
  });
  const nearest = wrong((x, y) => coarse[Math.floor(y / 4) * 60 + Math.floor(x / 4)]);
  const along = wrong((x, y) => (guided[y * 240 + x] > 0.5 ? 1 : 0));
  assert.ok(nearest > 100, `nearest neighbours are wrong at ${nearest} pixels`);
  assert.ok(along < nearest / 4, `${along} pixels wrong along edges, ${nearest} by nearest neighbours`);
});

test("a constant map stays constant, at any size", () => {
  const { image: full } = disc(37, 23);
  const { image: small } = disc(9, 6);
  upsampleGuided(new Float32Array(54).fill(0.25), small, full, (_, value) => {
    assert.ok(Math.abs(value - 0.25) < 1e-5);
  });
});

test("a large photograph is labelled reduced, at its own size, and what was drawn holds there", async () => {
  const { image, mask } = disc(320, 240);
  const settings = { dataset: ["background", "ball"], hidden: 16, epochs: 20, features: "handcrafted" } as const;
  const box = { class: "ball", xmin: 70, ymin: 46, xmax: 218, ymax: 194 };
  const strokes = [{ class: "background", points: [140, 100, 150, 100], width: 1 }];
  const result = await labelPhotograph(image, { boxes: [box], strokes }, { ...settings, workPixels: 20_000 });
  assert.deepEqual([result.label.width, result.label.height], [320, 240]);
  assert.equal(result.probabilities.length, 320 * 240 * 2);
  for (let x = 140; x <= 150; x++) assert.equal(result.label.data[100 * 320 + x], 0);
  const plain = await labelPhotograph(image, { boxes: [box] }, { ...settings, workPixels: 20_000 });
  const right = plain.label.data.filter((value, i) => value === mask[i]).length / mask.length;
  assert.ok(right > 0.97, `${(100 * right).toFixed(1)} % of the pixels right`);
});
