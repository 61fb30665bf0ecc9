/** Every reader of files from outside, each with a sample of its own from data/mini or written on the spot. */

import fs from "node:fs";
import path from "node:path";
import { cocoBoxesOf, readCocoFile } from "../../src/data/coco";
import { cvatShapesOf, readCvatFile } from "../../src/data/cvat";
import { readDataset } from "../../src/data/dataset";
import { readFittedLabel } from "../../src/data/fitted-label";
import { readRgb } from "../../src/data/image";
import { readImageList } from "../../src/data/image-list";
import { readImageTags } from "../../src/data/image-tags";
import { labelStudioShapesOf, readLabelStudioFile } from "../../src/data/label-studio";
import { readLabelme } from "../../src/data/labelme";
import { pointsOf, readPointsFile } from "../../src/data/points";
import { readScribbles } from "../../src/data/scribbles";
import { readBoxes } from "../../src/data/voc-boxes";
import { openYoloFolder, readYoloBoxes } from "../../src/data/yolo";
import { readCocoTruth } from "../../src/instances/coco-truth";
import { readCams } from "../../src/seam/cam-dictionary";
import { readRuns } from "../../src/steps/outputs/run-record";
import { createTrainingLog } from "../../src/training/training-log";
import { openWeights } from "../../src/weights/checkpoint";
import { decodeNpy, encodeNpy } from "../../src/weights/npy";
import { writePth } from "../../src/weights/pth-writer";
import { writeSafetensors } from "../../src/weights/safetensors";

export interface Reader {
  readonly name: string;
  /** Name of the file in the folder that it is read from. */
  readonly file: string;
  /** Writes the good file. */
  sample(file: string): Promise<void> | void;
  /** @throws UserError for a file that is refused */
  read(file: string, folder: string): Promise<unknown>;
}

const MINI = path.resolve(__dirname, "../../data/mini");
const ID = "mini_0001";
const SIZE = { width: 148, height: 120 };

const copyOf =
  (...names: string[]) =>
  (file: string): void =>
    fs.copyFileSync(path.join(MINI, ...names), file);
const text =
  (content: string) =>
  (file: string): void =>
    fs.writeFileSync(file, content);
const json = (value: unknown): ((file: string) => void) => text(JSON.stringify(value));
const dataset = (): ReturnType<typeof readDataset> => readDataset(MINI);

const shape = (points: readonly number[][], kind: string): object => ({ label: "leaf", points, shape_type: kind });
const state = new Map([
  ["a.weight", { shape: [4, 3], data: Float32Array.from({ length: 12 }, (_, i) => i) }],
  ["a.bias", { shape: [4], data: Float32Array.of(1, 2, 3, 4) }],
]);
const everyTensor = async (file: string): Promise<void> => {
  const weights = await openWeights(file);
  try {
    for (const name of weights.names()) await weights.read(name);
  } finally {
    await weights.close();
  }
};
const strokes = async (folder: string): Promise<void> => {
  const found = await readScribbles(folder, ID, await dataset(), SIZE);
  if (found === undefined) throw new Error("the sample is not found");
};

export const READERS: readonly Reader[] = [
  { name: "photograph, JPEG", file: "a.jpg", sample: copyOf("JPEGImages", `${ID}.jpg`), read: readRgb },
  {
    name: "label, PNG",
    file: `${ID}.png`,
    sample: copyOf("SegmentationClass", `${ID}.png`),
    read: async (file) => readFittedLabel(file, SIZE, await dataset(), "label"),
  },
  { name: "photograph, PNG", file: "a.png", sample: copyOf("SegmentationClass", `${ID}.png`), read: readRgb },
  {
    name: "boxes, VOC XML",
    file: `${ID}.xml`,
    sample: copyOf("Annotations", `${ID}.xml`),
    read: async (file) => readBoxes(file, await dataset(), SIZE),
  },
  {
    name: "labelme JSON",
    file: `${ID}.json`,
    sample: json({
      version: "5.5.0",
      shapes: [
        shape(
          [
            [10, 10],
            [60, 50],
          ],
          "rectangle",
        ),
        shape(
          [
            [5, 5],
            [30, 8],
            [20, 40],
          ],
          "polygon",
        ),
        shape(
          [
            [1, 1],
            [90, 90],
          ],
          "linestrip",
        ),
      ],
      imageWidth: SIZE.width,
      imageHeight: SIZE.height,
    }),
    read: async (file) => readLabelme(file, await dataset(), SIZE),
  },
  {
    name: "YOLO text",
    file: `${ID}.txt`,
    sample: text("0 0.5 0.5 0.25 0.3\n1 0.2 0.2 0.1 0.1\n0 0.1 0.1 0.4 0.1 0.4 0.5 0.1 0.5\n"),
    read: async (_, folder) => readYoloBoxes(await openYoloFolder(folder, await dataset()), ID, await dataset(), SIZE),
  },
  {
    name: "COCO JSON",
    file: "coco.json",
    sample: json({
      images: [{ id: 1, file_name: `${ID}.jpg`, ...SIZE }],
      categories: [{ id: 1, name: "leaf" }],
      annotations: [
        {
          id: 1,
          image_id: 1,
          category_id: 1,
          bbox: [10, 10, 50, 40],
          area: 2000,
          iscrowd: 0,
          segmentation: [[10, 10, 60, 10, 60, 50]],
        },
      ],
    }),
    read: async (file) => cocoBoxesOf(await readCocoFile(file), ID, await dataset(), SIZE),
  },
  { name: "instances, COCO JSON", file: "instances.json", sample: copyOf("instances.json"), read: readCocoTruth },
  {
    name: "CVAT XML",
    file: "cvat.xml",
    sample: text(
      `<?xml version="1.0"?><annotations><image id="0" name="${ID}.jpg" width="148" height="120"><box label="leaf" xtl="10" ytl="10" xbr="60" ybr="50" rotation="15"/><polyline label="leaf" points="1,1;30,40;80,20"/></image></annotations>`,
    ),
    read: async (file) => cvatShapesOf(await readCvatFile(file), ID, await dataset(), SIZE),
  },
  {
    name: "Label Studio JSON",
    file: "studio.json",
    sample: json([
      {
        data: { image: `/data/upload/1/${ID}.jpg` },
        annotations: [
          {
            result: [
              {
                type: "rectanglelabels",
                original_width: SIZE.width,
                original_height: SIZE.height,
                value: { x: 10, y: 10, width: 40, height: 30, rotation: 0, rectanglelabels: ["leaf"] },
              },
            ],
          },
        ],
      },
    ]),
    read: async (file) => labelStudioShapesOf(await readLabelStudioFile(file), ID, await dataset(), SIZE),
  },
  {
    name: "clicks, JSON",
    file: "points.json",
    sample: copyOf("points.json"),
    read: async (file) => pointsOf(await readPointsFile(file), ID, await dataset(), SIZE),
  },
  {
    name: "scribbles, text",
    file: `${ID}.txt`,
    sample: text("1,10,10,60,50,80,20\n0,1,1,100,3\n"),
    read: (_, folder) => strokes(folder),
  },
  {
    name: "scribbles, XML",
    file: `${ID}.xml`,
    sample: text(
      "<annotation><polygon><tag>leaf</tag><point><X>10</X><Y>10</Y></point><point><X>60</X><Y>50</Y></point></polygon></annotation>",
    ),
    read: (_, folder) => strokes(folder),
  },
  {
    name: "scribbles, PNG",
    file: `${ID}.png`,
    sample: copyOf("Scribbles", `${ID}.png`),
    read: (_, folder) => strokes(folder),
  },
  {
    name: "tags, JSON",
    file: "tags.json",
    sample: copyOf("cls_labels.json"),
    read: async (file) => (await readImageTags(MINI, await dataset(), file)).tagsOf(ID),
  },
  {
    name: "activation maps, npy",
    file: `${ID}.npy`,
    sample: copyOf("CAM", `${ID}.npy`),
    read: async (file) => readCams(file, await dataset(), SIZE),
  },
  {
    name: "array, npy",
    file: "a.npy",
    sample: (file) => fs.writeFileSync(file, encodeNpy({ shape: [5, 7], data: new Float32Array(35) })),
    read: async (file) => decodeNpy(fs.readFileSync(file), file),
  },
  {
    name: "weights, safetensors",
    file: "a.safetensors",
    sample: (file) => writeSafetensors(file, state),
    read: everyTensor,
  },
  { name: "weights, pth", file: "a.pth", sample: (file) => writePth(file, state), read: everyTensor },
  {
    name: "image list",
    file: "list.txt",
    sample: copyOf("ImageSets", "Segmentation", "train.txt"),
    read: (file, folder) => readImageList(file, folder),
  },
  {
    name: "dataset.json",
    file: "dataset.json",
    sample: copyOf("dataset.json"),
    read: (_, folder) => readDataset(folder),
  },
  {
    name: "log of losses, CSV",
    file: "a.csv",
    sample: text(
      `step,epoch,learning_rate,loss,images_per_second\n${[1, 2, 3, 4].map((i) => `${i},1,0.1,2,3.000\n`).join("")}`,
    ),
    read: async (csv) => (await createTrainingLog({ csv }, ["loss"], 3, () => undefined)).close(),
  },
  {
    name: "record of runs, JSON",
    file: "run.json",
    sample: json([
      {
        step: "x",
        machine: "m",
        versions: {},
        settings: { a: 1 },
        failed: [],
        notices: [],
        images: 1,
        done: 1,
        skipped: 0,
        seconds: 1,
      },
    ]),
    read: (_, folder) => readRuns(folder),
  },
];
