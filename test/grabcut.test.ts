import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import sharp from "sharp";
import { readRgb } from "../src/data/image";
import { type GrabCutAnswer, openGrabCut, rectangleOf } from "../src/seeds/grabcut";

const folder = path.join(__dirname, "seed-goldens");
const grabCut = openGrabCut({ threads: 2 });
after(() => grabCut.close());

function foregroundOf(answer: GrabCutAnswer): Uint8Array {
  assert.ok("foreground" in answer, "failure" in answer ? answer.failure : "");
  return answer.foreground;
}

test("OpenCV for Python's masks, pixel for pixel (scripts/record-seed-goldens.py)", async () => {
  const boxes = JSON.parse(fs.readFileSync(path.join(folder, "boxes.json"), "utf8")) as Record<string, number[][]>;
  const checks = Object.entries(boxes).flatMap(([name, rectangles]) =>
    rectangles.map(async ([x, y, width, height], index) => {
      const image = await readRgb(path.join(folder, `${name}.png`));
      const box = { xmin: x, ymin: y, xmax: x + width - 1, ymax: y + height - 1, class: 1 };
      const golden = await sharp(path.join(folder, `${name}.box${index}.png`))
        .extractChannel(0)
        .raw()
        .toBuffer();
      const foreground = foregroundOf(await grabCut.cut(image, box));
      assert.deepEqual(
        foreground,
        Uint8Array.from(golden, (value) => value & 1),
        `${name}, box ${index}`,
      );
    }),
  );
  assert.ok(checks.length >= 4);
  await Promise.all(checks);
});

test("a box has one answer, whatever was cut before it and on which thread", async () => {
  const image = await readRgb(path.join(folder, "mini_0001.png"));
  const box = { xmin: 16, ymin: 26, xmax: 88, ymax: 95, class: 1 };
  const answers = await Promise.all([box, box, box].map((each) => grabCut.cut(image, each)));
  for (const answer of answers) assert.deepEqual(foregroundOf(answer), foregroundOf(answers[0]));
});

test("what GrabCut cannot do comes back as a failure", async () => {
  const image = { width: 20, height: 10, data: new Uint8Array(600).fill(90) };
  const whole = await grabCut.cut(image, { xmin: 0, ymin: 0, xmax: 20, ymax: 10, class: 1 });
  assert.match("failure" in whole ? whole.failure : "", /whole image/);
  const flat = await grabCut.cut(image, { xmin: 5, ymin: 2, xmax: 5, ymax: 2, class: 1 });
  assert.ok("failure" in flat || flat.foreground.length === 200);
});

test("large images are reduced for the cut, and the answer enlarged", async () => {
  const [width, height] = [120, 80];
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const inside = x >= 40 && x < 80 && y >= 20 && y < 60;
    data.set(inside ? [220, 60 + (i % 7), 30] : [40, 90 + (i % 5), 160], 3 * i);
  }
  const reduced = openGrabCut({ maxPixels: 2400 });
  const box = { xmin: 30, ymin: 10, xmax: 90, ymax: 70, class: 1 };
  const foreground = foregroundOf(await reduced.cut({ width, height, data }, box));
  await reduced.close();
  const count = foreground.reduce((sum, value) => sum + value, 0);
  assert.equal(foreground.length, width * height);
  assert.equal(count, 1600);
  assert.equal(foreground[40 * width + 60], 1);
});

test("a box is both ends included, within the image", () => {
  const size = { width: 10, height: 8 };
  const box = { xmin: 2, ymin: 3, xmax: 10, ymax: 8, class: 1 };
  assert.deepEqual(rectangleOf(box, size), { x: 2, y: 3, width: 8, height: 5 });
  assert.deepEqual(rectangleOf({ ...box, xmin: 9, xmax: 9 }, size), { x: 9, y: 3, width: 1, height: 5 });
});

test("what a person drew is certain: a stroke cuts its colour off, and its own pixels hold", async () => {
  const [width, height] = [48, 40];
  const data = new Uint8Array(3 * width * height).fill(30);
  const paint = (from: number, to: number, colour: readonly number[]): void => {
    for (let y = 8; y < 32; y++) for (let x = from; x < to; x++) data.set(colour, 3 * (y * width + x));
  };
  paint(10, 24, [220, 40, 40]);
  paint(24, 38, [40, 220, 40]);
  const image = { width, height, data };
  const box = { xmin: 6, ymin: 4, xmax: 42, ymax: 36, class: 1 };
  const drawn = { data: new Uint8Array(width * height).fill(255), ignore: 255 };
  for (let y = 10; y < 30; y++) drawn.data[y * width + 31] = 0; // the green half is background
  drawn.data[20 * width + 17] = 1;
  const grabCut = openGrabCut();
  const foreground = async (stroke?: typeof drawn): Promise<Uint8Array> => {
    const answer = await grabCut.cut(image, box, stroke);
    assert.ok("foreground" in answer, JSON.stringify(answer));
    return answer.foreground;
  };
  const [plain, corrected] = [await foreground(), await foreground(drawn)];
  await grabCut.close();
  const share = (mask: Uint8Array, from: number, to: number): number => {
    let count = 0;
    for (let y = 8; y < 32; y++) for (let x = from; x < to; x++) count += mask[y * width + x];
    return count / (24 * (to - from));
  };
  assert.ok(share(plain, 24, 38) > 0.9, "without the stroke the green half is foreground");
  assert.ok(share(corrected, 24, 38) < 0.1, "with it the green half is background");
  assert.ok(share(corrected, 10, 24) > 0.9, "and the red half stays");
  assert.equal(corrected[20 * width + 31], 0);
  assert.equal(corrected[20 * width + 17], 1);
});
