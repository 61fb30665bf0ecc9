import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { VOC } from "../src/data/voc";
import { readBoxes, readXmlTags } from "../src/data/voc-boxes";

const size = { width: 100, height: 80 };
let folder = "";
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "boxes-"));
});
after(() => fs.rm(folder, { recursive: true }));

async function write(...objects: string[]): Promise<string> {
  const file = path.join(folder, "x.xml");
  await fs.writeFile(
    file,
    `<annotation verified="yes"><size><width>100</width><height>80</height></size>${objects.join("")}</annotation>`,
  );
  return file;
}

function object(name: string, ...sides: readonly (number | string)[]): string {
  const [xmin, ymin, xmax, ymax] = sides;
  return `<object><name>${name}</name><bndbox><xmax>${xmax}</xmax><xmin>${xmin}</xmin><ymin>${ymin}</ymin><ymax>${ymax}</ymax></bndbox><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part></object>`;
}

test("whole coordinates are taken as they are, up to width and height", async () => {
  const file = await write(object("dog", 1, 2, 100, 80), object("person", 5, 5, 5, 5));
  assert.deepEqual(await readBoxes(file, VOC, size), {
    boxes: [
      { xmin: 1, ymin: 2, xmax: 100, ymax: 80, class: 12 },
      { xmin: 5, ymin: 5, xmax: 5, ymax: 5, class: 15 },
    ],
    notices: [],
  });
  assert.deepEqual(await readXmlTags(file, VOC), [12, 15]);
});

test("fractions are rounded and overhanging parts cut, each with a notice", async () => {
  const file = await write(
    object("dog", 1.5, 2.4, 50, 60),
    object("cat", -3, 5, 120, 70),
    object("cow", "4.0", 4, 9, 9),
  );
  const { boxes, notices } = await readBoxes(file, VOC, size);
  assert.deepEqual(boxes[0], { xmin: 2, ymin: 2, xmax: 50, ymax: 60, class: 12 });
  assert.deepEqual(boxes[1], { xmin: 0, ymin: 5, xmax: 100, ymax: 70, class: 8 });
  assert.equal(notices.length, 2);
  assert.match(notices[0], /1 box with fractional coordinates rounded/);
  assert.match(notices[1], /1 box reaching beyond the image/);
});

test("every bad box is named, and costs the image", async () => {
  const file = await write(
    object("dog", 1, 2, 50, 60),
    object("unicorn", 1, 2, 50, 60),
    object("cat", 60, 2, 50, 60),
    object("cow", "NaN", 2, 50, 60),
    object("car", 100, 2, 150, 60),
    object("bus", "", 2, 50, 60),
    object("", 1, 2, 3, 4),
    "<object><name>sofa</name></object>",
  );
  await assert.rejects(readBoxes(file, VOC, size), (error: Error) => {
    for (const part of [
      /got "unicorn" \(object 2 \(unicorn\)\)/,
      /object 3 \(cat\): expected xmin ≤ xmax/,
      /object 4 \(cow\): expected four numbers/,
      /object 5 \(car\): expected a box within 100×80/,
      /object 6 \(bus\): expected four numbers/,
      /got "" \(object 7\)/,
      /object 8 \(sofa\): expected four numbers/,
      /x\.xml/,
    ])
      assert.match(error.message, part);
    return true;
  });
});

test("an annotation of another size, or none at all, is refused", async () => {
  const file = await write(object("dog", 1, 2, 3, 4));
  await assert.rejects(readBoxes(file, VOC, { width: 80, height: 100 }), /80×100 pixels, as its image has, got 100×80/);
  await fs.writeFile(file, "<annotation><object>");
  await assert.rejects(readBoxes(file, VOC, size), /expected XML/);
  await fs.writeFile(file, "<html></html>");
  await assert.rejects(readBoxes(file, VOC, size), /expected <annotation>, got <html>/);
  await fs.writeFile(file, "");
  await assert.rejects(readBoxes(file, VOC, size), /expected XML/);
  assert.deepEqual(await readBoxes(await write(), VOC, size), { boxes: [], notices: [] });
});

test("entities of the document type are not expanded, XML's own are read", async () => {
  const file = path.join(folder, "e.xml");
  const bomb = `<!DOCTYPE a [<!ENTITY a "${"dog".repeat(100)}"><!ENTITY b "&a;&a;&a;&a;">]>`;
  await fs.writeFile(file, `${bomb}<annotation>${object("&b;", 1, 2, 3, 4)}</annotation>`);
  await assert.rejects(readBoxes(file, VOC, size), /got entities of its own, which are not read/);
  const own = { ...VOC, classes: ["background", "salt & pepper"] };
  await fs.writeFile(file, `<annotation>${object("salt &amp; pepper", 1, 2, 3, 4)}</annotation>`);
  assert.equal((await readBoxes(file, own, size)).boxes[0].class, 1);
  await fs.writeFile(file, "<annotation>".repeat(50_000));
  await assert.rejects(readBoxes(file, VOC, size), { name: "UserError" });
});

test("a message names twenty problems, and counts the rest", async () => {
  const file = await write(...Array.from({ length: 30 }, () => object("dog", 5, 5, 1, 1)));
  await assert.rejects(readBoxes(file, VOC, size), /object 20 \(dog\): [^;]*; and 10 more \(.*x\.xml\)$/);
});
