import assert from "node:assert/strict";
import test from "node:test";
import { createStrokeBudget, drawPolyline } from "../src/data/polyline";
import { Random } from "../src/random";

const size = { width: 31, height: 23 };

/** Every pixel whose centre is near enough to the segment, by asking each. */
function byHand([x0, y0, x1, y1]: readonly number[], width: number): Uint8Array {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  return Uint8Array.from({ length: size.width * size.height }, (_, i) => {
    const [x, y] = [i % size.width, Math.floor(i / size.width)];
    const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
    return Math.hypot(x - x0 - t * dx, y - y0 - t * dy) <= width / 2 + 1e-10 ? 1 : 0;
  });
}

test("a stroke is every pixel within half its width: any direction, any width, ends outside", () => {
  const random = new Random(7);
  const number = (low: number, high: number): number => low + (high - low) * random.uniform();
  for (let trial = 0; trial < 400; trial++) {
    const isWhole = trial % 2 === 0;
    const place = (extent: number): number => {
      const value = number(-8, extent + 8);
      return isWhole ? Math.round(value) : value;
    };
    const segment = [place(size.width), place(size.height), place(size.width), place(size.height)];
    if (trial % 5 === 0) segment[2] = segment[0];
    if (trial % 7 === 0) segment[3] = segment[1];
    const width = [1, 2, 3, 5.5, 9][trial % 5];
    const data = new Uint8Array(size.width * size.height);
    drawPolyline(data, size, segment, width, 1);
    assert.deepEqual(data, byHand(segment, width), `${segment} ${width}`);
  }
});

test("to and fro a hundred thousand times costs one way, and endless scribbling is refused", () => {
  const large = { width: 2000, height: 2000 };
  const data = new Uint8Array(large.width * large.height);
  const points = Array.from({ length: 200_000 }, (_, i) => ((i >> 1) % 2 === 0 ? 0 : 1999));
  let rows = 0;
  drawPolyline(data, large, points, 3, 1, (count) => {
    rows += count;
  });
  assert.equal(rows, 4000);
  assert.equal(data[1999 * 2000 + 1999], 1);
  const random = new Random(3);
  const wild = Array.from({ length: 12_000 }, (_, i) => (i % 2 === 0 ? random.integer(2000) : i % 4 === 1 ? 0 : 1999));
  const budget = createStrokeBudget(large, "wild.txt");
  assert.throws(() => drawPolyline(data, large, wild, 3, 1, budget), /strokes that a hand could draw.*wild\.txt/);
});
