import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import sharp from "sharp";
import { inFrame, readFittedLabel } from "../src/data/fitted-label";
import { readRgb } from "../src/data/image";
import { readLabel, writeLabel } from "../src/data/label-png";
import { displayedBox, type Orientation, storedBox, storedRaster } from "../src/data/orientation";
import { VOC } from "../src/data/voc";
import { evaluate } from "../src/steps/evaluate";
import { makeSeeds } from "../src/steps/make-seeds";
import { readLabelledImage } from "../src/training/labelled-image";

const dataset = { ...VOC, classes: ["background", "cat"], palette: VOC.palette.slice(0, 2), ignore: 255 };
const orientations: readonly Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];
/** The box in the displayed photograph. */
const box = { xmin: 5, ymin: 3, xmax: 16, ymax: 9 };

let work = "";
before(() => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), "orientation-"));
});
after(() => fs.rmSync(work, { recursive: true }));

/** A red rectangle on grey that lies in `box` of the displayed photograph, stored in any orientation. */
async function photograph(root: string, orientation: Orientation): Promise<{ mask: Uint8Array; size: Sized }> {
  const size = { width: 36, height: 24, orientation };
  const mask = Uint8Array.from({ length: 36 * 24 }, (_, i) => {
    const [x, y] = [i % 36, Math.floor(i / 36)];
    return x >= box.xmin && x <= box.xmax && y >= box.ymin && y <= box.ymax ? 1 : 0;
  });
  const pixels = Uint8Array.from({ length: 3 * mask.length }, (_, i) =>
    mask[Math.floor(i / 3)] === 1 ? [200, 30, 20][i % 3] : 100 + ((i * 7) % 11),
  );
  const stored = orientation >= 5 ? { width: 24, height: 36 } : { width: 36, height: 24 };
  fs.mkdirSync(path.join(root, "JPEGImages"), { recursive: true });
  await sharp(storedRaster(pixels, size, 3), { raw: { ...stored, channels: 3 } })
    .withMetadata({ orientation })
    .png()
    .toFile(path.join(root, "JPEGImages", "a.png"));
  fs.writeFileSync(path.join(root, "dataset.json"), JSON.stringify({ classes: dataset.classes }));
  return { mask, size };
}

type Sized = { readonly width: number; readonly height: number; readonly orientation: Orientation };

const xml = ({ xmin, ymin, xmax, ymax }: typeof box, width: number, height: number): string =>
  `<annotation><size><width>${width}</width><height>${height}</height></size><object><name>cat</name>
  <bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object></annotation>`;

for (const orientation of orientations)
  test(`orientation ${orientation}: masks, seeds, evaluation and training agree with what is displayed`, async () => {
    const root = path.join(work, String(orientation));
    const { mask, size } = await photograph(root, orientation);
    const { width, height } = size;
    const folder = (name: string): string => path.join(root, name);
    await writeLabel(folder("displayed/a.png"), { width, height, data: mask }, dataset.palette);
    const noted = inFrame({ width, height, data: mask }, size, "stored");
    await writeLabel(folder("noted/a.png"), noted, dataset.palette);
    await writeLabel(folder("stored/a.png"), { ...noted, frame: undefined }, dataset.palette);
    assert.equal((await readLabel(folder("noted/a.png"))).frame, orientation === 1 ? undefined : "stored");

    const image = await readRgb(folder("JPEGImages/a.png"));
    for (const [name, annotated] of [["displayed"], ["noted"], ["stored", "stored"]] as const) {
      const photographed = annotated === undefined ? image : { ...image, annotated };
      const label = await readFittedLabel(folder(`${name}/a.png`), photographed, dataset, "label");
      assert.deepEqual(label.data, mask, name);
      const options = { voc12Root: root, labelDir: folder(name), dataset, ignore: 255, annotationFrame: annotated };
      const trained = await readLabelledImage("a", options);
      assert.deepEqual([trained.rgb.width, trained.label.width], [width, width]);
      assert.deepEqual(trained.label.data, mask, name);
    }
    if (orientation >= 5) {
      const shown = await readFittedLabel(folder("stored/a.png"), image, dataset, "label"); // its size tells
      assert.deepEqual(shown.data, mask);
    }

    const judge = async (
      pred: string,
      gt: string,
      annotationFrame: "auto" | "stored" = "auto",
    ): Promise<number | null> =>
      (await evaluate.run({ pred: folder(pred), gt: folder(gt), voc12Root: root, annotationFrame })).mIoU;
    assert.equal(await judge("noted", "displayed"), 1);
    assert.equal(await judge("displayed", "noted"), 1);
    assert.equal(await judge("noted", "noted"), 1);
    assert.equal(await judge("displayed", "stored", "stored"), 1);
    if (orientation >= 5) assert.equal(await judge("displayed", "stored"), 1);

    fs.mkdirSync(folder("Annotations"));
    const seeds = async (annotation: string, frame: "displayed" | "stored", name: string): Promise<Uint8Array> => {
      fs.writeFileSync(folder("Annotations/a.xml"), annotation);
      const options = { voc12Root: root, supervision: "box", grabCut: false, middleShare: 1, frame } as const;
      const savePath = folder(`seeds-${name}`);
      const summary = await makeSeeds.run({ ...options, savePath, outXml: folder(`xml-${name}`) });
      assert.deepEqual(summary.failed, []);
      return (await readFittedLabel(path.join(savePath, "a.png"), image, dataset, "seed label")).data;
    };
    const wanted = mask;
    assert.deepEqual(await seeds(xml(box, width, height), "displayed", "d"), wanted);
    assert.deepEqual(await seeds(xml(box, width, height), "stored", "s"), wanted);
    assert.match(fs.readFileSync(folder("xml-d/a.xml"), "utf8"), /<filename>a\.png<.*\n.*<width>36</);
    const turned = storedBox(box, size);
    assert.deepEqual(displayedBox(turned, size), box);
    if (orientation >= 5) {
      const sides = /<xmin>(\d+)<\/xmin><ymin>(\d+)<\/ymin><xmax>(\d+)<\/xmax><ymax>(\d+)</;
      const [, ...numbers] = sides.exec(fs.readFileSync(folder("xml-s/a.xml"), "utf8")) ?? [];
      assert.deepEqual(numbers.map(Number), [turned.xmin, turned.ymin, turned.xmax, turned.ymax]);
      assert.deepEqual(await seeds(xml(turned, height, width), "displayed", "t"), wanted); // its size tells
    }
  });
