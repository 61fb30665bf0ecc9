import assert from "node:assert/strict";
import { before, test } from "node:test";
import { useBackend } from "../src/backend";
import { makePseudoLabelsOptions } from "../src/config/make-pseudo-labels";
import { defaultsOf } from "../src/config/option";
import type { RgbImage } from "../src/data/image";
import { sharpenerHere } from "../src/dense-crf/sharpen";
import { upsampleGuided } from "../src/image-ops/guided-upsampling";
import { finishLabel, finishLabelAlone } from "../src/label-photograph/finish-label";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import type { UnsharpenedLabel } from "../src/label-photograph/label-probabilities";
import { sideWithin } from "../src/label-photograph/reduced-input";
import { Random } from "../src/random";
import { spread } from "../src/seeds/spread";
import { superpixelsOfPhotograph } from "../src/seeds/superpixels";

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
  upsampleGuided(Float32Array.from(coarse), 1, small, full, (pixel, [value]) => {
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
  let pixels = 0;
  upsampleGuided(new Float32Array(54).fill(0.25), 1, small, full, (pixel, [value]) => {
    assert.equal(pixel, pixels++);
    assert.ok(Math.abs(value - 0.25) < 1e-5);
  });
  assert.equal(pixels, 37 * 23);
});

test("several maps pass together as each would alone", () => {
  const { image: full } = disc(31, 26);
  for (const [width, height] of [
    [9, 13],
    [7, 4],
    [1, 1],
  ]) {
    const { image: small } = disc(width, height);
    const random = new Random(5);
    const maps = [0, 1, 2].map(() => Float32Array.from({ length: width * height }, () => random.uniform()));
    const alone = maps.map((map) => {
      const values: number[] = [];
      upsampleGuided(map, 1, small, full, (_, [value]) => values.push(value));
      return values;
    });
    const together = Float32Array.from({ length: 3 * width * height }, (_, i) => maps[i % 3][Math.floor(i / 3)]);
    upsampleGuided(together, 3, small, full, (pixel, values) => {
      assert.deepEqual(
        [...values],
        alone.map((each) => each[pixel]),
      );
    });
  }
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

test("the label alone, one class at a time, is the label that comes with the probabilities", async () => {
  const small = { width: 12, height: 9, data: Uint8Array.from({ length: 3 * 108 }, (_, i) => (i * 37) % 251) };
  const image = { width: 36, height: 27, data: Uint8Array.from({ length: 3 * 972 }, (_, i) => (i * 53) % 241) };
  const classes = [0, 4, 7];
  const drawn = { width: 36, height: 27, data: new Uint8Array(972).fill(255) };
  drawn.data.fill(2, 100, 110);
  const boxes = [{ class: 1, xmin: 4, ymin: 4, xmax: 20, ymax: 20 }];
  const label = (): UnsharpenedLabel => ({
    image: small,
    full: { image, boxes, drawn },
    probabilities: Float32Array.from({ length: 3 * 108 }, (_, i) => 0.2 + ((i * 29) % 17) / 40),
    classes,
    boxes: [{ class: 1, xmin: 1, ymin: 1, xmax: 7, ymax: 7 }],
    ignore: 255,
  });
  for (const config of [{ boxLimit: false }, { boxLimit: true }, { boxLimit: true, smooth: 2, minArea: 9 }]) {
    const settings = { ...defaultsOf(makePseudoLabelsOptions), ...config, denseCrf: false };
    const whole = await finishLabel(label(), settings, sharpenerHere);
    const alone = await finishLabelAlone(label(), settings, sharpenerHere);
    assert.deepEqual(alone.label, whole.label);
    assert.deepEqual([alone.label.width, alone.label.height], [36, 27]);
    assert.deepEqual([...new Set(alone.label.data)].sort(), classes);
    assert.ok(
      alone.label.data.subarray(100, 110).every((value) => value === 7),
      "what was drawn stands",
    );
    for (const [i, value] of alone.label.data.entries())
      if (config.boxLimit && value === 4) assert.ok(i % 36 <= 20 && i < 21 * 36, "a class stays in its box");
  }
});

test("superpixels of a photograph above a megapixel are made of a smaller one, and spread as far", () => {
  const [width, height] = [1250, 801];
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) data.fill(i % width < 600 ? 200 : 40, 3 * i, 3 * i + 3);
  const found = superpixelsOfPhotograph({ width, height, data }, { iterations: 1 });
  assert.deepEqual([found.width, found.height, found.ids.length, found.step], [width, height, width * height, 2]);
  const touched = new Uint8Array(width * height).fill(255);
  touched[400 * width + 300] = 5;
  const reached = spread(found, touched, 255, 200).filter((value) => value === 5).length;
  assert.ok(reached > 200 && reached < 6 * 200 * 4, `${reached} pixels`);
});
