import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { cocoBoxesOf, readCocoFile } from "../src/data/coco";
import { cvatShapesOf, readCvatFile } from "../src/data/cvat";
import type { DatasetDescription, ImageSize } from "../src/data/dataset";
import type { DrawnShapes } from "../src/data/drawn-shapes";
import { inFrame } from "../src/data/fitted-label";
import { writeLabel } from "../src/data/label-png";
import { labelStudioShapesOf, readLabelStudioFile } from "../src/data/label-studio";
import { readLabelme } from "../src/data/labelme";
import { displayedPixel, type Orientation, storedBox, storedSize } from "../src/data/orientation";
import { pointsNotices, pointsOf, readPointsFile } from "../src/data/points";
import { readScribbles } from "../src/data/scribbles";
import { enclosingTurned } from "../src/data/turned-box";
import { vocPalette } from "../src/data/voc";
import { readBoxes } from "../src/data/voc-boxes";
import { openYoloFolder, readYoloBoxes } from "../src/data/yolo";
import { openWeakLabels } from "../src/steps/sources/weak-label-source";

const dataset: DatasetDescription = {
  classes: ["background", "leaf", "caf\u00e9"],
  palette: vocPalette(3),
  ignore: 255,
};
const size = { width: 100, height: 80 };

let root = "";
before(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "formats-"));
});
after(() => fs.rmSync(root, { recursive: true }));

function write(name: string, content: string | object | Uint8Array): string {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const isPlain = typeof content === "string" || content instanceof Uint8Array;
  fs.writeFileSync(file, isPlain ? content : JSON.stringify(content));
  return file;
}

/** What a tool of each format writes of one box, in the frame of the given size. */
const boxFormats: Readonly<
  Record<string, (box: { xmin: number; ymin: number; xmax: number; ymax: number }, of: Sized) => Reading>
> = {
  voc: ({ xmin, ymin, xmax, ymax }, { width, height }) => {
    const sides = `<xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax>`;
    const file = write(
      "f/a.xml",
      `<annotation><size><width>${width}</width><height>${height}</height></size><object><name>leaf</name><bndbox>${sides}</bndbox></object></annotation>`,
    );
    return (shown) => readBoxes(file, dataset, shown);
  },
  coco: ({ xmin, ymin, xmax, ymax }, { width, height }) => {
    const file = write("f/coco.json", {
      images: [{ id: 1, file_name: "a.jpg", width, height }],
      categories: [{ id: 1, name: "leaf" }],
      annotations: [{ image_id: 1, category_id: 1, bbox: [xmin, ymin, xmax - xmin + 1, ymax - ymin + 1] }],
    });
    return async (shown) => cocoBoxesOf(await readCocoFile(file), "a", dataset, shown);
  },
  labelme: ({ xmin, ymin, xmax, ymax }, { width, height }) => {
    const points = [
      [xmin, ymin],
      [xmax, ymax],
    ];
    const shapes = [{ label: "leaf", shape_type: "rectangle", points }];
    const file = write("f/a.json", { imageWidth: width, imageHeight: height, shapes });
    return (shown) => readLabelme(file, dataset, shown);
  },
  cvat: ({ xmin, ymin, xmax, ymax }, { width, height }) => {
    const file = write(
      "f/cvat.xml",
      `<annotations><image id="0" name="a.jpg" width="${width}" height="${height}"><box label="leaf" xtl="${xmin}" ytl="${ymin}" xbr="${xmax}" ybr="${ymax}"/></image></annotations>`,
    );
    return async (shown) => cvatShapesOf(await readCvatFile(file), "a", dataset, shown);
  },
  "label studio": ({ xmin, ymin, xmax, ymax }, { width, height }) => {
    const value = {
      x: (100 * xmin) / width,
      y: (100 * ymin) / height,
      width: (100 * (xmax - xmin)) / width,
      height: (100 * (ymax - ymin)) / height,
      rotation: 0,
      rectanglelabels: ["leaf"],
    };
    const result = [{ original_width: width, original_height: height, type: "rectanglelabels", value }];
    const file = write("f/tasks.json", [
      { data: { image: "/data/upload/1/0f3c2a9e-a.jpg" }, annotations: [{ result }] },
    ]);
    return async (shown) => labelStudioShapesOf(await readLabelStudioFile(file), "a", dataset, shown);
  },
  yolo: ({ xmin, ymin, xmax, ymax }, { width, height }) => {
    const [w, h] = [xmax - xmin + 1, ymax - ymin + 1];
    const shares = [(xmin + w / 2) / width, (ymin + h / 2) / height, w / width, h / height];
    write("f/classes.txt", "leaf\n");
    const folder = path.dirname(write("f/a.txt", `0 ${shares.join(" ")}\n`));
    return async (shown) => readYoloBoxes(await openYoloFolder(folder, dataset), "a", dataset, shown);
  },
};

type Sized = { readonly width: number; readonly height: number };
type Reading = (shown: ImageSize) => Promise<{ readonly boxes: readonly object[] } | undefined>;

const orientations: readonly Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];
/** Sizes that tell the frame by themselves have no name for it; a share of the image does. */
const tells = (name: string, orientation: Orientation): boolean => orientation >= 5 && name !== "yolo";

for (const [name, format] of Object.entries(boxFormats))
  test(`${name}: a box lies where it is displayed, whichever frame it was drawn in`, async () => {
    const box = { xmin: 10, ymin: 20, xmax: 39, ymax: 59 };
    for (const orientation of orientations) {
      const shown = { ...size, orientation };
      const wanted = [{ ...box, class: 1 }];
      assert.deepEqual((await format(box, size)(shown))?.boxes, wanted, `displayed ${orientation}`);
      const stored = format(storedBox(box, shown), storedSize(shown));
      const asked = tells(name, orientation) ? shown : { ...shown, annotated: "stored" as const };
      assert.deepEqual((await stored(asked))?.boxes, wanted, `stored ${orientation}`);
    }
  });

test("clicks and scribbles lie where they are displayed, whichever frame they were drawn in", async () => {
  for (const orientation of orientations) {
    const shown: ImageSize = { ...size, orientation };
    const asked: ImageSize = { ...shown, annotated: "stored" };
    const undo = { ...storedSize(shown), orientation: ([1, 2, 3, 4, 5, 8, 7, 6] as const)[orientation - 1] };
    const [x, y] = displayedPixel(12, 30, undo);
    const points = await readPointsFile(write("points.json", { a: { fg: [{ x, y, cls: 1 }], bg: [] } }));
    assert.deepEqual(pointsOf(points, "a", dataset, asked), [{ x: 12, y: 30, class: 1 }], String(orientation));

    const folder = path.join(root, `Scribbles-${orientation}`);
    const path0 = [12, 30, 40, 30, 40, 70];
    const drawn = async (of: ImageSize) => (await readScribbles(folder, "a", dataset, of))?.label;
    write(`Scribbles-${orientation}/a.txt`, `1,${path0.join()}`);
    const wanted = await drawn(shown);
    assert.ok(wanted !== undefined);
    assert.deepEqual([wanted.width, wanted.height], [100, 80]);
    const turned = [0, 2, 4].flatMap((i) => displayedPixel(path0[i], path0[i + 1], undo));
    write(`Scribbles-${orientation}/a.txt`, `1,${turned.join()}`);
    assert.deepEqual(await drawn(asked), wanted, `text ${orientation}`);
    fs.rmSync(path.join(folder, "a.txt"));

    const { width, height } = storedSize(shown);
    const dots = [0, 2, 4].map((i) => `<point><X>${turned[i]}</X><Y>${turned[i + 1]}</Y></point>`).join("");
    const stated = `<size><width>${width}</width><height>${height}</height></size>`;
    write(
      `Scribbles-${orientation}/a.xml`,
      `<annotation>${stated}<polygon><tag>leaf</tag>${dots}</polygon></annotation>`,
    );
    assert.deepEqual(await drawn(orientation >= 5 ? shown : asked), wanted, `XML ${orientation}`);
    fs.rmSync(path.join(folder, "a.xml"));

    const picture = inFrame(wanted, shown, "stored");
    await writeLabel(path.join(folder, "a.png"), { ...picture, frame: undefined }, dataset.palette);
    assert.deepEqual(await drawn(orientation >= 5 ? shown : asked), wanted, `PNG ${orientation}`);
  }
});

test("turned rectangles become the box that encloses them, in every format that knows them", async () => {
  const round = (value: number): number => Math.floor(value + 0.5);
  const { xmin, ymin, xmax, ymax } = enclosingTurned({ xmin: 22, ymin: 39, xmax: 78, ymax: 51 }, 60);
  assert.deepEqual([xmin, ymin, xmax, ymax].map(round), [31, 18, 69, 72]);
  const sides = "<xmin>22</xmin><ymin>39</ymin><xmax>78</xmax><ymax>51</ymax>";
  const attribute = "<attributes><attribute><name>rotation</name><value>60.0</value></attribute></attributes>";
  const voc = write(
    "r/a.xml",
    `<annotation><object><name>leaf</name><bndbox>${sides}</bndbox>${attribute}</object></annotation>`,
  );
  const wanted = [{ xmin: 31, ymin: 18, xmax: 69, ymax: 72, class: 1 }];
  const read = await readBoxes(voc, dataset, size);
  assert.deepEqual(read.boxes, wanted);
  assert.match(read.notices[0], /1 box turned: the upright box around it counts/);

  const coco = write("r/coco.json", {
    images: [{ id: 1, file_name: "a.jpg" }],
    categories: [{ id: 1, name: "leaf" }],
    annotations: [{ image_id: 1, category_id: 1, bbox: [22, 39, 56, 12], attributes: { rotation: 60 } }],
  });
  const edges = [{ xmin: 31, ymin: 18, xmax: 68, ymax: 71, class: 1 }]; // COCO counts edges, not pixels
  assert.deepEqual(cocoBoxesOf(await readCocoFile(coco), "a", dataset, size)?.boxes, edges);

  const cvat = write(
    "r/cvat.xml",
    '<annotations><image name="a.jpg"><box label="leaf" xtl="22" ytl="39" xbr="78" ybr="51" rotation="60.00"/></image></annotations>',
  );
  assert.deepEqual(cvatShapesOf(await readCvatFile(cvat), "a", dataset, size)?.boxes, wanted);

  const corners = [
    [50, 10],
    [70, 30],
    [50, 50],
    [30, 30],
  ];
  const labelme = write("r/a.json", { shapes: [{ label: "leaf", shape_type: "rotation", points: corners }] });
  const diamond = [{ xmin: 30, ymin: 10, xmax: 70, ymax: 50, class: 1 }];
  assert.deepEqual((await readLabelme(labelme, dataset, size)).boxes, diamond);

  const yolo = write("r/labels/a.txt", `0 ${corners.flatMap(([x, y]) => [x / 100, y / 80]).join(" ")}\n`);
  const folder = await openYoloFolder(path.dirname(yolo), dataset);
  assert.deepEqual((await readYoloBoxes(folder, "a", dataset, size))?.boxes, [
    { xmin: 30, ymin: 10, xmax: 69, ymax: 49, class: 1 },
  ]);

  const value = { x: 50, y: 12.5, width: 20, height: 25, rotation: 90, rectanglelabels: ["leaf"] };
  const tasks = write("r/tasks.json", [
    { data: { image: "a.jpg" }, annotations: [{ result: [{ type: "rectanglelabels", value }] }] },
  ]);
  const turned = labelStudioShapesOf(await readLabelStudioFile(tasks), "a", dataset, size);
  assert.deepEqual(turned?.boxes, [{ xmin: 30, ymin: 10, xmax: 50, ymax: 30, class: 1 }]);

  const robndbox = "<robndbox><cx>50</cx><cy>45</cy><w>56</w><h>12</h><angle>1.0471975512</angle></robndbox>";
  const ro = write("r/ro.xml", `<annotation><object><name>leaf</name>${robndbox}</object></annotation>`);
  assert.deepEqual((await readBoxes(ro, dataset, size)).boxes, wanted);
});

test("several boxes of one object all count", async () => {
  const box = (x: number): string =>
    `<bndbox><xmin>${x}</xmin><ymin>5</ymin><xmax>${x + 9}</xmax><ymax>9</ymax></bndbox>`;
  const file = write("two.xml", `<annotation><object><name>leaf</name>${box(1)}${box(30)}</object></annotation>`);
  const { boxes } = await readBoxes(file, dataset, size);
  assert.deepEqual(
    boxes.map(({ xmin }) => xmin),
    [1, 30],
  );
});

test("class names in any spelling of Unicode, by character references, in the encoding that the file declares", async () => {
  const xml = (name: string, head = ""): string =>
    `${head}<annotation><object><name>${name}</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>`;
  const contents: (string | Uint8Array)[] = [
    xml("caf\u00e9"),
    xml("cafe\u0301"),
    xml("caf&#233;"),
    xml("caf&#xE9;"),
    xml("<![CDATA[caf\u00e9]]>"),
    xml(" CAF\u00c9 "),
    Buffer.from(xml("caf\u00e9", '<?xml version="1.0" encoding="ISO-8859-1"?>'), "latin1"),
    Buffer.from(`\ufeff${xml("caf\u00e9", '<?xml version="1.0" encoding="UTF-16"?>')}`, "utf16le"),
  ];
  for (const content of contents) {
    const { boxes } = await readBoxes(write("names.xml", content), dataset, size);
    assert.equal(boxes[0].class, 2, String(content));
  }
  await assert.rejects(
    readBoxes(write("names.xml", xml("&eacute;")), dataset, size),
    /"&eacute;", which stands for nothing/,
  );
  const bytes = Buffer.from(xml("caf\u00e9"), "latin1");
  await assert.rejects(readBoxes(write("names.xml", bytes), dataset, size), /as UTF-8 text/);
});

test("COCO: names twice, ids twice or as text, crowds, boxes without an area, tools' prefixes", async () => {
  const content = (images: object[], annotations: object[]): object => ({
    images,
    categories: [{ id: "1", name: "leaf" }],
    annotations: annotations.map((each) => ({ image_id: 1, category_id: 1, ...each })),
  });
  const bbox = [8, 8, 33, 29];
  const read = async (value: object, id = "a") =>
    cocoBoxesOf(await readCocoFile(write("c.json", value)), id, dataset, size);
  const wanted = [{ xmin: 8, ymin: 8, xmax: 40, ymax: 36, class: 1 }];
  const twins = [
    { id: 1, file_name: "cam1/a.jpg" },
    { id: 2, file_name: "cam2/a.jpg" },
  ];
  await assert.rejects(read(content(twins, [{ bbox }])), /got 2: "cam1\/a\.jpg", "cam2\/a\.jpg"/);
  const same = [
    { id: 1, file_name: "a.jpg" },
    { id: 1, file_name: "b.jpg" },
  ];
  await assert.rejects(read(content(same, [{ bbox }])), /an id for each image, got 1 twice/);
  assert.deepEqual((await read(content([{ id: "1", file_name: "a.jpg" }], [{ bbox }])))?.boxes, wanted);
  const odd = await read(
    content([{ id: 1, file_name: "a.jpg" }], [{ bbox }, { bbox: [0, 0, 64, 40], iscrowd: 1 }, { bbox: [3, 3, 0, 9] }]),
  );
  assert.deepEqual(odd?.boxes, wanted);
  assert.match(
    odd?.notices.join() ?? "",
    /1 box of crowds \(iscrowd\) left out.*1 box without width or height left out/,
  );
  const prefixed = await read(
    content([{ id: 1, file_name: "images/0f3c2a9e-my%20photo.jpg" }], [{ bbox }]),
    "my photo",
  );
  assert.deepEqual(prefixed?.boxes, wanted);
  assert.match(prefixed?.notices[0] ?? "", /names no image "my photo": its "0f3c2a9e-my%20photo" is taken for it/);
});

test("YOLO: names beside the labels or above them, in every form", async () => {
  const forms: Record<string, string | object> = {
    "classes.txt": "caf\u00e9\nleaf\n",
    "data.yaml": "train: ../x\nnc: 2\nnames: ['caf\u00e9', \"leaf\"]\n",
    "b/data.yaml": "names:\n  0: caf\u00e9  # the first\n  1: leaf\nnc: 2\n",
    "c/set.yml": "path: .\nnames:\n- caf\u00e9\n- leaf\nnc: 2\n",
    "obj.names": "caf\u00e9\r\nleaf\r\n",
    "notes.json": {
      categories: [
        { id: 1, name: "leaf" },
        { id: 0, name: "caf\u00e9" },
      ],
    },
  };
  for (const [index, [name, content]] of Object.entries(forms).entries())
    for (const place of ["", "labels", "labels/train"]) {
      const set = `y${index}-${place.replace("/", "-")}`;
      write(`${set}/${path.basename(name)}`, content);
      const folder = path.dirname(write(`${set}/${place}/a.txt`, "0 0.5 0.5 0.2 0.25\n"));
      const opened = await openYoloFolder(folder, dataset);
      assert.equal((await readYoloBoxes(opened, "a", dataset, size))?.boxes[0].class, 2, `${name} ${place}`);
      assert.match(opened.notices[0], /YOLO's class names: /);
    }
  write("darknet/obj.data", "classes = 2\nnames = data/own.names\n");
  write("darknet/own.names", "caf\u00e9\nleaf\n");
  const darknet = path.dirname(write("darknet/obj_train_data/a.txt", "0 0.5 0.5 0.2 0.25\n"));
  assert.equal((await readYoloBoxes(await openYoloFolder(darknet, dataset), "a", dataset, size))?.boxes[0].class, 2);
  const bare = path.dirname(write("deep/er/than/three/a.txt", "0 0.5 0.5 0.2 0.25\n"));
  assert.match(
    (await openYoloFolder(bare, dataset)).notices[0],
    /no names of YOLO's classes .* 0 = leaf, 1 = café; --yolo-classes/,
  );
});

test("YOLO: keypoints are told from polygons", async () => {
  const read = async (set: string, line: string, yaml?: string) => {
    if (yaml !== undefined) write(`${set}/data.yaml`, yaml);
    const folder = path.dirname(write(`${set}/labels/a.txt`, line));
    return (await readYoloBoxes(await openYoloFolder(folder, dataset), "a", dataset, size))?.boxes;
  };
  const box = [{ xmin: 40, ymin: 30, xmax: 59, ymax: 49, class: 1 }];
  assert.deepEqual(await read("k1", "0 0.5 0.5 0.2 0.25 0.45 0.4 2 0.5 0.5 1 0 0 0\n"), box);
  const shape = "names: [leaf]\nkpt_shape: [2, 2]\n";
  assert.deepEqual(await read("k2", "0 0.5 0.5 0.2 0.25 0.45 0.4 0.5 0.5\n", shape), box);
  const polygon = await read("k3", "0 0.1 0.1 0.3 0.1 0.2 0.5\n");
  assert.deepEqual(polygon, [{ xmin: 10, ymin: 8, xmax: 29, ymax: 39, class: 1 }]);
  await assert.rejects(read("k4", "0 0.5 0.5 0.2 0.25 0.4 0.4 0.3\n"), /class cx cy width height, or .*a\.txt:1/);
});

test("clicks in shares of the image are scaled, and it is said; ones of a larger image are refused", async () => {
  const file = write("shares.json", { a: { fg: [{ x: 0.5, y: 0.25, cls: 1 }], bg: [{ x: 0, y: 1 }] } });
  const points = await readPointsFile(file);
  assert.deepEqual(pointsOf(points, "a", dataset, size), [
    { x: 50, y: 20, class: 1 },
    { x: 0, y: 80, class: 0 },
  ]);
  assert.match(pointsNotices(points)[0], /clicks from 0 to 1 are taken for shares/);
  const first = await readPointsFile(
    write("first.json", {
      a: [
        { x: 1, y: 0, cls: 1 },
        { x: 0, y: 1, cls: 1 },
      ],
    }),
  );
  assert.deepEqual(pointsOf(first, "a", dataset, size)[0], { x: 1, y: 0, class: 1 });
  const large = await readPointsFile(write("large.json", { a: [{ x: 900, y: 20, cls: 1 }] }));
  assert.throws(() => pointsOf(large, "a", dataset, size), /within 100×80 pixels, got x 900, y 20: .* another size/);
});

test("pictures of scribbles: strokes of unknown class, and canvases of zeros", async () => {
  const picture = (value: (x: number, y: number) => number) =>
    Uint8Array.from({ length: 8000 }, (_, i) => value(i % 100, Math.floor(i / 100)));
  const onStroke = (_: number, y: number): boolean => y === 40;
  const folder = path.join(root, "pictures");
  const read = async (data: Uint8Array, of = dataset) => {
    await writeLabel(path.join(folder, "a.png"), { ...size, data }, dataset.palette);
    return readScribbles(folder, "a", of, size);
  };
  await assert.rejects(read(picture((x, y) => (onStroke(x, y) ? 255 : 0))), /"binary": "leaf" \(.*a\.png\)/);
  const named = await read(
    picture((x, y) => (onStroke(x, y) ? 255 : 0)),
    { ...dataset, binary: "leaf" },
  );
  assert.deepEqual([named?.label.data[4000], named?.label.data[0]], [1, 255]);
  const zeros = await read(picture((x, y) => (onStroke(x, y) ? 2 : 0)));
  assert.deepEqual([zeros?.label.data[4000], zeros?.label.data[0]], [2, 255]);
  assert.match(zeros?.notices[0] ?? "", /0 is taken for "nothing drawn", as 99 % of it is 0/);
  const usual = picture((x, y) => (onStroke(x, y) ? 2 : y === 70 ? 0 : 255));
  assert.deepEqual(await read(usual), { label: { ...size, data: usual }, notices: [] });
});

test("CVAT: polygons, polylines, points, masks, ellipses and tags of many photographs", async () => {
  const file = write(
    "cvat.xml",
    `<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task/></meta>
<image id="0" name="set/a.jpg" width="100" height="80">
  <polygon label="leaf" points="10,20;30,20;20,40"/><polyline label="leaf" points="1,1;5,5"/>
  <points label="caf&#233;" points="7,8;9,10"/><mask label="leaf" left="50" top="60" width="10" height="5" rle="1"/>
  <ellipse label="leaf" cx="50" cy="40" rx="10" ry="5"/><tag label="leaf"/>
</image><image id="1" name="set/b.jpg" width="100" height="80"><box label="twig" xtl="1" ytl="1" xbr="5" ybr="5"/></image></annotations>`,
  );
  const cvat = await readCvatFile(file);
  const shapes = cvatShapesOf(cvat, "a", dataset, size) as DrawnShapes;
  assert.deepEqual(
    shapes.boxes.map(({ xmin, ymin, xmax, ymax }) => [xmin, ymin, xmax, ymax]),
    [
      [10, 20, 30, 40],
      [50, 60, 60, 65],
      [40, 35, 60, 45],
    ],
  );
  assert.deepEqual(shapes.scribbles, [{ class: 1, points: [1, 1, 5, 5] }]);
  assert.deepEqual(
    shapes.points.map(({ x, class: label }) => [x, label]),
    [
      [7, 2],
      [9, 2],
    ],
  );
  assert.match(shapes.notices[0], /1 shape left out: tag/);
  assert.throws(() => cvatShapesOf(cvat, "b", dataset, size), /line 6 \(twig\)/);
  assert.equal(cvatShapesOf(cvat, "c", dataset, size), undefined);
});

test("Label Studio: the last valid annotation, minimal exports, local files; what says nothing is named", async () => {
  const value = { x: 10, y: 10, width: 20, height: 10, rectanglelabels: ["leaf"] };
  const brush = { type: "brushlabels", value: { format: "rle", rle: [1], brushlabels: ["leaf"] } };
  const tasks = write("tasks.json", [
    {
      data: { image: "/data/local-files/?d=photos%2Fa.jpg" },
      annotations: [
        { was_cancelled: true, result: [] },
        {
          result: [
            { type: "rectanglelabels", value },
            { type: "keypointlabels", value: { x: 50, y: 50, width: 0.5, keypointlabels: ["caf\u00e9"] } },
            {
              type: "polygonlabels",
              value: {
                points: [
                  [1, 1],
                  [9, 1],
                  [5, 9],
                ],
                polygonlabels: ["leaf"],
              },
            },
            { type: "ellipselabels", value: { x: 50, y: 50, radiusX: 10, radiusY: 5, ellipselabels: ["leaf"] } },
            brush,
          ],
        },
      ],
    },
  ]);
  const shapes = labelStudioShapesOf(await readLabelStudioFile(tasks), "a", dataset, size) as DrawnShapes;
  assert.deepEqual(
    shapes.boxes.map(({ xmin, ymin, xmax, ymax }) => [xmin, ymin, xmax, ymax]),
    [
      [10, 8, 30, 16],
      [1, 1, 9, 7],
      [40, 36, 60, 44],
    ],
  );
  assert.deepEqual(shapes.points, [{ x: 50, y: 40, class: 2 }]);
  assert.ok(shapes.notices.some((notice) => /1 shape left out: brushlabels/.test(notice)));
  const minimal = write("min.json", [{ image: "/data/upload/1/0f3c2a9e-a.jpg", id: 1, annotator: 1, label: [value] }]);
  const read = labelStudioShapesOf(await readLabelStudioFile(minimal), "a", dataset, size);
  assert.equal(read?.boxes.length, 1);
  assert.match(read?.notices[0] ?? "", /its "0f3c2a9e-a" is taken for it/);
  await assert.rejects(readLabelStudioFile(write("other.json", [1])), /a list of Label Studio's tasks/);
});

test("what a folder holds is found by its content, said, and merged kind by kind", async () => {
  const folder = path.join(root, "mixed");
  for (const id of ["a", "b", "c"]) write(`mixed/JPEGImages/${id}.jpg`, "");
  const points = [
    [10, 10],
    [30, 30],
  ];
  const shape = (shape_type: string) => ({ label: "leaf", shape_type, points });
  write("mixed/labelme/a.json", { version: "5", flags: {}, shapes: [shape("rectangle"), shape("linestrip")] });
  write("mixed/instances.json", {
    info: {},
    images: [
      { id: 1, file_name: "b.jpg" },
      { id: 2, file_name: "a.jpg" },
      { id: 3, file_name: "zebra.jpg" },
    ],
    annotations: [1, 2].map((image_id) => ({ image_id, category_id: 1, bbox: [1, 2, 3, 4] })),
    categories: [{ id: 1, name: "leaf" }],
  });
  write("mixed/points.json", { c: { fg: [{ x: 5, y: 6, cls: 1 }] } });
  const source = await openWeakLabels({ voc12Root: folder, supervision: "mixed" }, dataset);
  assert.match(source.notices[0], /weak labels found: labelme \(labelme, 1 file\), COCO \(instances\.json\)/);
  assert.match(source.notices[1], /COCO .* names 1 photographs that are not in the folder: "zebra"/);
  const a = await source.labelsOf("a", size);
  assert.deepEqual(a.boxes, [{ xmin: 10, ymin: 10, xmax: 30, ymax: 30, class: 1 }]);
  assert.ok(a.strokes?.includes(1));
  assert.ok(a.notices.some((notice) => /boxes of labelme .* count, not those of COCO/.test(notice)));
  assert.equal((await source.labelsOf("b", size)).boxes[0].xmin, 1);
  assert.equal((await source.labelsOf("c", size)).points.length, 1);
  const boxes = await openWeakLabels({ voc12Root: folder, supervision: "box" }, dataset);
  await assert.rejects(boxes.labelsOf("zebr", size), /no boxes in labelme .*, COCO .*; it names "zebra", …/);
});
