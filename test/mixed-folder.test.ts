/** Folders as people have them: whatever format a weak label is in, the label is that of VOC's own files, to the byte. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import type { MakePseudoLabelsConfig } from "../src/config/make-pseudo-labels";
import { readRgb } from "../src/data/image";
import { encodeLabel, readLabel } from "../src/data/label-png";
import { drawScribbles } from "../src/data/scribbles";
import { VOC } from "../src/data/voc";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import { tidyLabel } from "../src/label-photograph/tidy-label";
import { silentReporter } from "../src/running/reporter";
import { encodeCams } from "../src/seam/cam-dictionary";
import { type MakePseudoLabelsSummary, makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { makeSeeds } from "../src/steps/make-seeds";
import { CLASSES, IGNORE, idOf, map, objectOf, SIZE, writeTinyDataset, writeTinyLabel } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-mixed-"));
const voc = path.join(work, "voc");
const COUNT = 3;
const ids = Array.from({ length: COUNT }, (_, index) => idOf(index));
const quick = { hidden: 16, epochs: 10, features: "handcrafted", denseCrf: false } as const;
type Kind = "box" | "scribble" | "point";
/** Labels of VOC's own files, from one kind alone, by image. */
const expected: Record<Kind, Record<string, string>> = { box: {}, scribble: {}, point: {} };
let tensors = 0;

const boxOf = (index: number): { xmin: number; ymin: number; xmax: number; ymax: number } => {
  const { xmin, ymin, xmax, ymax } = objectOf(index);
  return { xmin, ymin, xmax, ymax };
};
/** Class and polyline of each stroke. */
const strokesOf = (index: number): readonly (readonly [number, ...number[]])[] => {
  const { xmin, xmax, class: label } = objectOf(index);
  return [
    [label, xmin + 4, 16, xmax - 4, 16],
    [0, 2, SIZE.height - 3, SIZE.width - 3, SIZE.height - 3],
  ];
};
/** Class, x and y of each click, foreground first. */
const clicksOf = (index: number): readonly (readonly [number, number, number])[] => [
  [objectOf(index).class, 18 + 3 * index, 16],
  [0, 3, SIZE.height - 4],
];

before(async () => {
  await useBackend();
  await writeTinyDataset(voc, COUNT);
  for (const [index, id] of ids.entries()) {
    fs.rmSync(path.join(voc, "Scribbles", `${id}.txt`));
    write(voc, `Scribbles/${id}.txt`, strokesOf(index).join("\n"));
  }
  write(voc, "points.json", Object.fromEntries(ids.map((id, index) => [id, pointsEntry(index)])));
  fs.rmSync(path.join(voc, "ImageSets"), { recursive: true });
  tensors = tf.memory().numTensors;
  for (const kind of ["box", "scribble", "point"] as const) {
    const savePath = path.join(work, "expected", kind);
    assert.equal((await run(voc, { supervision: kind, savePath })).done, COUNT);
    expected[kind] = labelBytes(savePath);
    for (const [index, id] of ids.entries()) {
      const { data } = await readLabel(path.join(savePath, `${id}.png`));
      const found = data.filter((value) => value === objectOf(index).class).length;
      assert.ok(found > 20 && found < data.length, `${kind}: ${found} pixels of the thing in ${id}`);
    }
  }
  assert.notDeepEqual(expected.box, expected.scribble);
  assert.notDeepEqual(expected.scribble, expected.point);
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

function write(root: string, name: string, content: string | object | Uint8Array): void {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const isPlain = typeof content === "string" || content instanceof Uint8Array;
  fs.writeFileSync(file, isPlain ? content : JSON.stringify(content));
}

function run(root: string, more: Partial<MakePseudoLabelsConfig> = {}): Promise<MakePseudoLabelsSummary> {
  const savePath = path.join(work, "out", path.basename(root));
  return makePseudoLabels.run({ voc12Root: root, savePath, ...quick, ...more }, { reporter: silentReporter });
}

function labelBytes(folder: string): Record<string, string> {
  return Object.fromEntries(ids.map((id) => [id, fs.readFileSync(path.join(folder, `${id}.png`), "base64")]));
}

/** A plain folder of the pictures, without VOC's layout, and the list of classes. */
function pictures(name: string): string {
  const root = path.join(work, name);
  fs.cpSync(path.join(voc, "JPEGImages"), root, { recursive: true });
  fs.copyFileSync(path.join(voc, "dataset.json"), path.join(root, "dataset.json"));
  return root;
}

const fileOf = (index: number): string => `${idOf(index)}.${index % 2 === 0 ? "jpg" : "png"}`;
const pointsEntry = (index: number): object => {
  const click = ([cls, x, y]: readonly [number, number, number]): object => ({ x, y, cls });
  const clicks = clicksOf(index);
  return {
    fg: clicks.filter(([label]) => label !== 0).map(click),
    bg: clicks.filter(([label]) => label === 0).map(click),
  };
};
const pairs = (flat: readonly number[]): number[][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
const shape = (label: number, shape_type: string, flat: readonly number[]): object => ({
  label: CLASSES[label],
  shape_type,
  points: pairs(flat),
});
const labelme = (index: number, shapes: object[]): object => ({
  imagePath: fileOf(index),
  imageWidth: SIZE.width,
  imageHeight: SIZE.height,
  shapes,
});
const cvat = (shapesOf: (index: number) => string): string =>
  `<annotations>${ids.map((_, index) => `<image id="${index}" name="${fileOf(index)}" width="${SIZE.width}" height="${SIZE.height}">${shapesOf(index)}</image>`).join("")}</annotations>`;
const task = (index: number, type: string, values: object[]): object => ({
  data: { image: `/data/upload/1/0f3c2a9e-${fileOf(index)}` },
  annotations: [
    { result: values.map((value) => ({ original_width: SIZE.width, original_height: SIZE.height, type, value })) },
  ],
});

/** Every format in which a kind can be written: what its tool puts into a plain folder of pictures. */
const formats: readonly [kind: Kind, format: string, write: (root: string) => void][] = [
  [
    "box",
    "VOC XML beside the pictures",
    (root) => {
      for (const id of ids) fs.copyFileSync(path.join(voc, "Annotations", `${id}.xml`), path.join(root, `${id}.xml`));
    },
  ],
  [
    "box",
    "labelme beside the pictures",
    (root) => {
      for (const [index, id] of ids.entries()) {
        const { xmin, ymin, xmax, ymax } = boxOf(index);
        const box = shape(objectOf(index).class, "rectangle", [xmin, ymin, xmax, ymax]);
        write(root, `${id}.json`, labelme(index, [box]));
      }
    },
  ],
  [
    "box",
    "COCO",
    (root) => {
      const images = ids.map((_, id) => ({ id, file_name: `train/${fileOf(id)}`, ...SIZE }));
      const categories = CLASSES.slice(1).map((name, id) => ({ id: id + 1, name }));
      const annotations = ids.map((_, index) => {
        const { xmin, ymin, xmax, ymax } = boxOf(index);
        const bbox = [xmin, ymin, xmax - xmin + 1, ymax - ymin + 1];
        return { id: index, image_id: index, category_id: objectOf(index).class, bbox };
      });
      write(root, "instances.json", { images, categories, annotations });
    },
  ],
  [
    "box",
    "YOLO beside the pictures",
    (root) => {
      write(root, "classes.txt", `${CLASSES.slice(1).join("\n")}\n`);
      for (const [index, id] of ids.entries()) {
        const { xmin, ymin, xmax, ymax } = boxOf(index);
        const [w, h] = [xmax - xmin + 1, ymax - ymin + 1];
        const shares = [(xmin + w / 2) / SIZE.width, (ymin + h / 2) / SIZE.height, w / SIZE.width, h / SIZE.height];
        write(root, `${id}.txt`, `${objectOf(index).class - 1} ${shares.join(" ")}\n`);
      }
    },
  ],
  [
    "box",
    "CVAT",
    (root) =>
      write(
        root,
        "annotations.xml",
        cvat((index) => {
          const { xmin, ymin, xmax, ymax } = boxOf(index);
          return `<box label="${CLASSES[objectOf(index).class]}" xtl="${xmin}" ytl="${ymin}" xbr="${xmax}" ybr="${ymax}"/>`;
        }),
      ),
  ],
  [
    "box",
    "Label Studio",
    (root) =>
      write(
        root,
        "tasks.json",
        ids.map((_, index) => {
          const { xmin, ymin, xmax, ymax } = boxOf(index);
          const [x, y] = [(100 * xmin) / SIZE.width, (100 * ymin) / SIZE.height];
          const sides = { width: (100 * (xmax - xmin)) / SIZE.width, height: (100 * (ymax - ymin)) / SIZE.height };
          return task(index, "rectanglelabels", [
            { x, y, ...sides, rotation: 0, rectanglelabels: [CLASSES[objectOf(index).class]] },
          ]);
        }),
      ),
  ],
  [
    "scribble",
    "labelme",
    (root) => {
      for (const [index, id] of ids.entries())
        write(
          root,
          `${id}.json`,
          labelme(
            index,
            strokesOf(index).map(([label, ...flat]) => shape(label, "linestrip", flat)),
          ),
        );
    },
  ],
  [
    "scribble",
    "CVAT",
    (root) =>
      write(
        root,
        "annotations.xml",
        cvat((index) =>
          strokesOf(index)
            .map(([label, ...flat]) => `<polyline label="${CLASSES[label]}" points="${pairs(flat).join(";")}"/>`)
            .join(""),
        ),
      ),
  ],
  [
    "scribble",
    "ScribbleSup XML",
    (root) => {
      for (const [index, id] of ids.entries()) {
        const strokes = strokesOf(index).map(([label, ...flat]) => {
          const points = pairs(flat).map(([x, y]) => `<point><X>${x}</X><Y>${y}</Y></point>`);
          return `<polygon><tag>${CLASSES[label]}</tag>${points.join("")}</polygon>`;
        });
        write(root, `Scribbles/${id}.xml`, `<annotation>${strokes.join("")}</annotation>`);
      }
    },
  ],
  [
    "scribble",
    "PNG",
    (root) => {
      for (const [index, id] of ids.entries()) {
        const strokes = strokesOf(index).map(([label, ...points]) => ({ class: label, points }));
        const { label } = drawScribbles(strokes, SIZE, IGNORE, id);
        write(root, `Scribbles/${id}.png`, encodeLabel(label, VOC.palette));
      }
    },
  ],
  [
    "point",
    "labelme",
    (root) => {
      for (const [index, id] of ids.entries())
        write(
          root,
          `${id}.json`,
          labelme(
            index,
            clicksOf(index).map(([label, ...place]) => shape(label, "point", place)),
          ),
        );
    },
  ],
  [
    "point",
    "CVAT",
    (root) =>
      write(
        root,
        "annotations.xml",
        cvat((index) =>
          clicksOf(index)
            .map(([label, x, y]) => `<points label="${CLASSES[label]}" points="${x},${y}"/>`)
            .join(""),
        ),
      ),
  ],
  [
    "point",
    "Label Studio",
    (root) =>
      write(
        root,
        "tasks.json",
        ids.map((_, index) =>
          task(
            index,
            "keypointlabels",
            clicksOf(index).map(([label, x, y]) => ({
              x: (100 * x) / SIZE.width,
              y: (100 * y) / SIZE.height,
              keypointlabels: [CLASSES[label]],
            })),
          ),
        ),
      ),
  ],
  [
    "point",
    "points.json beside the pictures",
    (root) => fs.copyFileSync(path.join(voc, "points.json"), path.join(root, "points.json")),
  ],
];

for (const [kind, format, put] of formats)
  test(`${kind} from ${format}: found, and labelled as VOC's own files are`, async () => {
    const root = pictures(`${kind}-${format}`.replaceAll(" ", "-"));
    put(root);
    const { done, failed, supervision, notices, savePath } = await run(root);
    assert.deepEqual([done, failed, supervision], [COUNT, [], "mixed"]);
    assert.match(notices.join("\n"), /^weak labels: [A-Za-z ]+ 3 photographs$/m);
    assert.deepEqual(labelBytes(savePath), expected[kind]);
  });

/** A photograph of each kind: labelme's box, strokes as a PNG, clicks alone. */
function mixedFolder(name: string): string {
  const root = pictures(name);
  const { xmin, ymin, xmax, ymax } = boxOf(0);
  write(root, "img0.json", labelme(0, [shape(objectOf(0).class, "rectangle", [xmin, ymin, xmax, ymax])]));
  fs.mkdirSync(path.join(root, "Scribbles"));
  fs.copyFileSync(path.join(voc, "Scribbles", "img1.txt"), path.join(root, "Scribbles", "img1.txt"));
  write(root, "points.json", { img2: pointsEntry(2) });
  return root;
}

test("a photograph of each kind in one folder: each is labelled from what it has, and told of once", async () => {
  const root = mixedFolder("each-kind");
  const { done, notices, savePath } = await run(root);
  assert.equal(done, COUNT);
  const { box, scribble, point } = expected;
  assert.deepEqual(labelBytes(savePath), { img0: box.img0, img1: scribble.img1, img2: point.img2 });
  const surveyed = notices.filter((notice) => notice.startsWith("weak labels: "));
  assert.deepEqual(surveyed, ["weak labels: labelme 1 photograph, scribbles 1, clicks 1"]);
  assert.ok(!notices.some((notice) => notice.includes("--without-boxes")));
  const again = await run(root);
  assert.deepEqual([again.done, again.skipped], [0, COUNT]);
});

test("a photograph without any weak label is named; asked for boxes alone, one with clicks is told how it is labelled", async () => {
  const root = mixedFolder("lacking");
  write(root, "points.json", {});
  const { failed, notices } = await run(root);
  assert.deepEqual(
    failed.map(({ image }) => image),
    ["img2"],
  );
  assert.match(failed[0].reason, /no weak label: neither boxes nor strokes nor clicks of "img2"/);
  assert.ok(notices.includes('weak labels: labelme 1 photograph, scribbles 1; none: 1 ("img2")'));
  write(root, "points.json", { img2: pointsEntry(2) });
  const boxes = await run(root, { supervision: "box", savePath: path.join(work, "out", "boxes-alone") });
  const reasons = boxes.failed.map(({ reason }) => reason);
  assert.match(reasons[0], /^no boxes in labelme \(.*img1\.json is missing\); it has strokes: --supervision mixed/);
  assert.match(reasons[1], /; it has 2 clicks: --supervision mixed labels it from them$/);
});

test("a source that an option names counts alone; several add up", async () => {
  const root = pictures("named");
  const { xmin, ymin, xmax, ymax } = boxOf(0);
  write(root, "elsewhere/img0.json", labelme(0, [shape(objectOf(0).class, "rectangle", [xmin, ymin, xmax, ymax])]));
  write(root, "decoy.json", { images: [], categories: [], annotations: [] });
  fs.writeFileSync(path.join(root, "one.txt"), "img0\n");
  const more = { labelme: path.join(root, "elsewhere"), inferList: path.join(root, "one.txt") };
  const { done, supervision, savePath } = await run(root, more);
  assert.deepEqual([done, supervision], [1, "mixed"]);
  assert.equal(fs.readFileSync(path.join(savePath, "img0.png"), "base64"), expected.box.img0);
});

test("several kinds on one photograph are the label of all of them together, as labelPhotograph's", async () => {
  const root = mixedFolder("together");
  write(root, "points.json", { img0: pointsEntry(0), img2: pointsEntry(2) });
  const { savePath } = await run(root);
  const [[, x, y], [, u, v]] = clicksOf(0);
  const weak = {
    boxes: [{ ...boxOf(0), class: objectOf(0).class }],
    clicks: [
      { class: objectOf(0).class, x, y },
      { class: 0, x: u, y: v },
    ],
  };
  const dataset = { classes: CLASSES, palette: VOC.palette, ignore: IGNORE };
  const { label } = await labelPhotograph(path.join(root, "img0.jpg"), weak, { ...quick, dataset });
  const written = fs.readFileSync(path.join(savePath, "img0.png"), "base64");
  assert.equal(written, Buffer.from(encodeLabel(label, VOC.palette)).toString("base64"));
  assert.notEqual(written, expected.box.img0);
});

test("with --grab-cut and --superpixels the seeds are those of make-seeds", async () => {
  const root = pictures("rules");
  formats[1][2](root);
  const seeds = path.join(work, "out", "seeds");
  const rule = { grabCutMin: 0, grabCutMax: 1 }; // the tiny thing fills its box, which by default counts as not found
  await makeSeeds.run({ voc12Root: root, savePath: seeds, ...rule }, { reporter: silentReporter });
  const fromFiles = path.join(work, "out", "from-seeds");
  await run(root, { supervision: "box", seedLabelRoot: seeds, savePath: fromFiles });
  const { savePath } = await run(root, { grabCut: true, superpixels: true, ...rule });
  assert.deepEqual(labelBytes(savePath), labelBytes(fromFiles));
  const dataset = { classes: CLASSES, palette: VOC.palette, ignore: IGNORE };
  const weak = { boxes: [{ ...boxOf(0), class: objectOf(0).class }] };
  const photograph = path.join(root, "img0.jpg");
  const { label, seed } = await labelPhotograph(photograph, weak, { ...quick, dataset, grabCut: true, ...rule });
  assert.deepEqual(seed.data, (await readLabel(path.join(seeds, "img0.png"))).data);
  const plain = await labelPhotograph(photograph, weak, { ...quick, dataset });
  assert.notDeepEqual(plain.seed.data, seed.data);
  const image = await readRgb(photograph);
  assert.deepEqual([label.width, label.height], [image.width, image.height]);
  const encoded = Buffer.from(encodeLabel(label, VOC.palette)).toString("base64");
  assert.equal(encoded, labelBytes(savePath).img0);
});

test("class activation maps alone make a label as well, beside photographs of other kinds", async () => {
  const root = mixedFolder("maps");
  write(root, "points.json", {});
  const { xmin, xmax, ymin, ymax, class: label } = objectOf(2);
  const inside = (x: number, y: number): boolean => x >= xmin && x <= xmax && y >= ymin && y <= ymax;
  const maps = new Map([
    [
      label,
      Float32Array.from(
        map((x, y) => (inside(x, y) ? 1 : 0)),
        (value) => value || 0.3,
      ),
    ],
  ]);
  const camDir = path.join(work, "maps-alone");
  write(camDir, "img2.npy", encodeCams({ ...SIZE, maps }));
  const { done, failed, savePath } = await run(root, { camDir });
  assert.deepEqual([done, failed], [COUNT, []]);
  const { box, scribble } = expected;
  const { img2, ...others } = labelBytes(savePath);
  assert.deepEqual(others, { img0: box.img0, img1: scribble.img1 });
  const dataset = { classes: CLASSES, palette: VOC.palette, ignore: IGNORE };
  const alone = await labelPhotograph(path.join(root, "img2.jpg"), { tags: [label], maps }, { ...quick, dataset });
  assert.equal(img2, Buffer.from(encodeLabel(alone.label, VOC.palette)).toString("base64"));
});

test("exports beside the labels: COCO polygons, YOLO's and labelme's, of corrected labels too, and nothing is written twice", async () => {
  const root = mixedFolder("exports");
  const formatsOf = ["coco", "yolo-seg", "labelme"];
  const first = await run(root, { export: formatsOf });
  const folder = path.join(first.savePath, "exports");
  const read = (name: string): string => fs.readFileSync(path.join(folder, name), "utf8");
  assert.ok(first.notices.some((notice) => /^coco: 3 labels in .*coco, 1 file written$/.test(notice)));
  const coco = JSON.parse(read("coco/annotations.json"));
  assert.deepEqual(
    coco.images.map(({ file_name }: { file_name: string }) => file_name),
    ids.map((_, index) => fileOf(index)),
  );
  const labels = await Promise.all(ids.map((id) => readLabel(path.join(first.savePath, `${id}.png`))));
  const area = (id: number): number => labels[id].data.filter((value) => value !== 0).length;
  const areas = ids.map((_, index) => {
    const own = coco.annotations.filter(({ image_id }: { image_id: number }) => image_id === index + 1);
    return own.reduce((sum: number, each: { area: number }) => sum + each.area, 0);
  });
  assert.deepEqual(areas, [area(0), area(1), area(2)]);
  assert.ok(Array.isArray(coco.annotations[0].segmentation[0]));
  assert.match(read("yolo-seg/labels/img0.txt"), /^0( 0\.\d{6}){6,}/);
  assert.match(read("yolo-seg/data.yaml"), /0: "brick"/);
  assert.equal(JSON.parse(read("labelme/img1.json")).shapes[0].shape_type, "polygon");

  writeTinyLabel(path.join(first.savePath, "img0.png"), new Uint8Array(SIZE.width * SIZE.height).fill(2));
  const second = await run(root, { export: formatsOf });
  assert.equal(second.done, 0);
  assert.equal(JSON.parse(read("labelme/img0.json")).shapes[0].label, "leaf");
  assert.ok(second.notices.some((notice) => /^labelme: 3 labels in .*, 1 file written$/.test(notice)));
  fs.writeFileSync(path.join(folder, "labelme", "img1.json"), "{}");
  await run(root, { export: ["labelme"] });
  assert.equal(read("labelme/img1.json"), "{}", "what somebody has changed stays");
  await assert.rejects(run(root, { export: ["coco"], exportDir: root }), { code: "usage", message: /--export-dir/ });
});

test("--min-area and --smooth tidy the label; without them it is as it was", async () => {
  const root = pictures("tidy");
  formats[1][2](root);
  const { savePath } = await run(root, { minArea: 60, smooth: 2, savePath: path.join(work, "out", "tidied") });
  const label = await readLabel(path.join(savePath, "img0.png"));
  const plain = await readLabel(path.join(work, "expected", "box", "img0.png"));
  const tidied = tidyLabel(plain, CLASSES.length, { minArea: 60, smooth: 2 }, { ignore: IGNORE });
  const inBox = (i: number): boolean => plain.data[i] !== 0 || tidied.data[i] === 0;
  for (const [i, value] of label.data.entries()) if (inBox(i)) assert.equal(value, tidied.data[i], `pixel ${i}`);
});

test("a name of 250 bytes is labelled like any other", { skip: process.platform === "win32" }, async () => {
  const root = path.join(work, "long-name");
  const name = "n".repeat(250);
  fs.mkdirSync(path.join(root, "Scribbles"), { recursive: true });
  fs.copyFileSync(path.join(voc, "dataset.json"), path.join(root, "dataset.json"));
  fs.copyFileSync(path.join(voc, "JPEGImages", "img0.jpg"), path.join(root, `${name}.jpg`));
  fs.copyFileSync(path.join(voc, "Scribbles", "img0.txt"), path.join(root, "Scribbles", `${name}.txt`));
  const { done, failed, savePath } = await run(root);
  assert.deepEqual([done, failed], [1, []]);
  assert.ok(fs.existsSync(path.join(savePath, `${name}.png`)));
  assert.equal((await run(root)).skipped, 1);
});
