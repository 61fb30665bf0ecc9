import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "fast-png";
import type { DatasetDescription } from "../src/data/dataset";
import { overlayPicture, renderOverlay } from "../src/show/overlay";

const dataset: DatasetDescription = {
  classes: ["background", "cup"],
  palette: [
    [0, 0, 0],
    [200, 0, 0],
  ],
  ignore: 9,
};
const grey = (width: number, height: number) => ({ width, height, data: new Uint8Array(width * height * 3).fill(100) });

test("classes are tinted, borders outlined, the background nearly left alone", () => {
  const label = { width: 60, height: 4, data: Uint8Array.from({ length: 240 }, (_, i) => (i % 60 < 30 ? 0 : 1)) };
  const picture = overlayPicture(grey(60, 4), label, dataset, { opacity: 0.5 });
  assert.deepEqual([picture.width, picture.height, picture.data.length], [60, 4, 720]);
  const pixel = (x: number): number[] => [...picture.data.subarray(3 * x, 3 * x + 3)];
  assert.deepEqual(pixel(45), [150, 50, 50]);
  assert.deepEqual(pixel(29), [255, 255, 255]);
  assert.ok(pixel(5).every((value) => value > 80 && value < 100));
});

test("the legend names what occurs, and only that", async () => {
  const all = { width: 60, height: 4, data: new Uint8Array(240).fill(1) };
  const none = { ...all, data: new Uint8Array(240) };
  assert.equal(decode(await renderOverlay(grey(60, 4), none, dataset)).height, 4);
  const picture = decode(await renderOverlay(grey(60, 4), all, dataset));
  assert.deepEqual([picture.width, picture.channels], [60, 3]);
  // The photograph is as it is without a legend.
  assert.deepEqual(Uint8Array.from(picture.data).slice(0, 720), overlayPicture(grey(60, 4), all, dataset).data);
  assert.ok(picture.height > 4);
  const swatch = 3 * ((4 + 6 + 5) * 60 + 6 + 5);
  assert.deepEqual([...picture.data.subarray(swatch, swatch + 3)], [200, 0, 0]);
  // An unknown pixel adds a line of its own: two entries do not fit beside each other in 60 pixels.
  all.data[0] = 9;
  assert.ok(decode(await renderOverlay(grey(60, 4), all, dataset)).height > picture.height);
});

test("a label of another size is refused", async () => {
  const label = { width: 3, height: 4, data: new Uint8Array(12) };
  await assert.rejects(renderOverlay(grey(4, 3), label, dataset), /expected a label of 4×3, got 3×4/);
});
