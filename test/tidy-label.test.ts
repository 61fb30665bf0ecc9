import assert from "node:assert/strict";
import { test } from "node:test";
import { tidyLabel } from "../src/label-photograph/tidy-label";

/** A label from rows of digits. */
function label(...rows: string[]): { width: number; height: number; data: Uint8Array } {
  return { width: rows[0].length, height: rows.length, data: Uint8Array.from(rows.join("")) };
}
const rowsOf = ({ width, data }: ReturnType<typeof label>): string[] =>
  Array.from({ length: data.length / width }, (_, y) => data.slice(y * width, (y + 1) * width).join(""));
const ignore = 255;

test("specks become what borders on them most, holes too; regions of the size stay", () => {
  const given = label("0000000", "0110200", "0110022", "0000022", "0111000", "0101000", "0111000");
  const tidy = tidyLabel(given, 3, { minArea: 4, smooth: 0 }, { ignore });
  assert.deepEqual(rowsOf(tidy), ["0000000", "0110000", "0110022", "0000022", "0111000", "0111000", "0111000"]);
  assert.deepEqual(rowsOf(tidyLabel(given, 3, { minArea: 1, smooth: 0 }, { ignore })), rowsOf(given));
});

test("jagged edges are smoothed; a straight one stays", () => {
  const jagged = label("0000000", "0000000", "0100010", "1111111", "1111111", "1101111", "1111111");
  const smooth = tidyLabel(jagged, 2, { minArea: 0, smooth: 1 }, { ignore });
  assert.deepEqual(rowsOf(smooth), ["0000000", "0000000", "0000000", "1111111", "1111111", "1111111", "1111111"]);
  assert.deepEqual(rowsOf(tidyLabel(smooth, 2, { minArea: 0, smooth: 2 }, { ignore })), rowsOf(smooth));
});

test("what was drawn stays, and a class stays where it may be", () => {
  const given = label("00000", "00100", "00000", "00000", "02000");
  const drawn = { ...given, data: given.data.map((value) => (value === 1 ? 1 : ignore)) };
  const options = { minArea: 3, smooth: 1 };
  assert.deepEqual(rowsOf(tidyLabel(given, 3, options, { drawn, ignore })), [
    "00000",
    "00100",
    "00000",
    "00000",
    "00000",
  ]);
  const mayBe = (_: number, value: number): boolean => value !== 0;
  assert.deepEqual(rowsOf(tidyLabel(given, 3, options, { ignore, mayBe })), rowsOf(given));
});
