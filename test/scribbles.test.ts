import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { writeLabel } from "../src/data/label-png";
import { drawScribbles, parseScribbleText, parseScribbleXml, readScribbles } from "../src/data/scribbles";
import { VOC } from "../src/data/voc";
import { parseXml } from "../src/data/xml";

const size = { width: 8, height: 5 };

function rows(data: Uint8Array, width: number): string[] {
  return Array.from({ length: data.length / width }, (_, y) =>
    [...data.subarray(y * width, (y + 1) * width)].map((value) => (value === 255 ? "." : value)).join(""),
  );
}

test("a stroke is three pixels wide with round ends", () => {
  const { label } = drawScribbles([{ class: 7, points: [2, 2, 5, 2] }], size, 255, "x");
  assert.deepEqual(rows(label.data, 8), ["........", ".777777.", ".777777.", ".777777.", "........"]);
  const dot = drawScribbles([{ class: 0, points: [0, 4] }], size, 255, "x");
  assert.deepEqual(rows(dot.label.data, 8), ["........", "........", "........", "00......", "00......"]);
});

test("every pixel within half the width of a segment is drawn, whatever its slope", () => {
  const points = [1.2, 17.6, 18.9, 3.3, 18.9, 15, 2, 2];
  const square = { width: 20, height: 20 };
  const { label } = drawScribbles([{ class: 3, points }], square, 255, "x");
  const distance = (x: number, y: number, i: number): number => {
    const [x0, y0, x1, y1] = points.slice(i, i + 4);
    const t = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2);
    const at = Math.min(1, Math.max(0, t));
    return Math.hypot(x - x0 - at * (x1 - x0), y - y0 - at * (y1 - y0));
  };
  for (let y = 0; y < 20; y++)
    for (let x = 0; x < 20; x++) {
      const near = Math.min(distance(x, y, 0), distance(x, y, 2), distance(x, y, 4)) <= 1.5;
      assert.equal(label.data[y * 20 + x], near ? 3 : 255, `${x}, ${y}`);
    }
});

test("parts outside are left out with a notice; a stroke wholly outside is refused", () => {
  const far = drawScribbles([{ class: 1, points: [4, 2, 1e12, 2] }], size, 255, "x");
  assert.deepEqual(rows(far.label.data, 8), ["........", "...11111", "...11111", "...11111", "........"]);
  assert.match(far.notices[0], /1 scribble points outside/);
  const outside = [{ class: 1, points: [9, 9, 20, 20] }];
  assert.throws(() => drawScribbles(outside, size, 255, "x.txt"), /scribble 1 lies outside.*8×5.*x\.txt/);
});

test("polyline text: class,x,y,… a line", () => {
  const parsed = parseScribbleText("15,1,2,3.5,4\r\n\n0,7,7\n", VOC, "x");
  assert.deepEqual(parsed, [
    { class: 15, points: [1, 2, 3.5, 4] },
    { class: 0, points: [7, 7] },
  ]);
  assert.throws(() => parseScribbleText("1,2,3\n21,1,1", VOC, "x.txt"), /0 to 20 first, got 21 \(x\.txt:2\)/);
  for (const line of ["1,2", "1,2,3,4", "1,2,x", "1,2,", "1,,3", "1,2,Infinity"])
    assert.throws(() => parseScribbleText(line, VOC, "x.txt"), /numbers in pairs/, line);
});

test("ScribbleSup XML, with its own words for classes", () => {
  const point = (x: number, y: number): string => `<point><X>${x}</X><Y>${y}</Y></point>`;
  const xml = `<annotation><polygon><tag>plant</tag>${point(1, 2)}${point(3, 4)}</polygon><polygon><tag>background</tag>${point(0, 0)}</polygon></annotation>`;
  assert.deepEqual(parseScribbleXml(parseXml(xml, "annotation", "x"), VOC, "x"), [
    { class: 16, points: [1, 2, 3, 4] },
    { class: 0, points: [0, 0] },
  ]);
  const bad = parseXml("<annotation><polygon><tag>dog</tag></polygon></annotation>", "annotation", "x");
  assert.throws(() => parseScribbleXml(bad, VOC, "x.xml"), /points with numbers.*scribble 1, x\.xml/);
});

test("the polyline counts where there is a picture as well", async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "scribbles-"));
  assert.equal(await readScribbles(folder, "a", VOC, size), undefined);
  await writeLabel(path.join(folder, "a.png"), { ...size, data: new Uint8Array(40).fill(9) }, VOC.palette);
  assert.equal((await readScribbles(folder, "a", VOC, size))?.label.data[0], 9);
  await fs.writeFile(path.join(folder, "a.txt"), "5,7,4\n");
  assert.equal((await readScribbles(folder, "a", VOC, size))?.label.data[0], 255);
  await assert.rejects(readScribbles(folder, "a", VOC, { width: 2, height: 2 }), /outside/);
  await fs.rm(folder, { recursive: true });
});
