/**
 * The golden data set, file by file: pictures against their decoded bytes, labels by index and colour, boxes, CAM
 * dictionaries against plain arrays, the list, and the tags in both forms. Throws a listing of whatever differs.
 */

import fs from "node:fs";
import path from "node:path";
import { findImage, type RgbImage, readRgb } from "../../src/data/image";
import { readImageList } from "../../src/data/image-list";
import { readImageTags } from "../../src/data/image-tags";
import { checkLabel, readLabel } from "../../src/data/label-png";
import { VOC } from "../../src/data/voc";
import { readBoxes, readXmlTags } from "../../src/data/voc-boxes";
import { readNpyDictionary } from "../../src/weights/npy-dictionary";
import type { GoldenCase, GoldenHandler } from "../golden-case";

/** JPEG decoders round differently: no value may be further off than this. */
const JPEG_TOLERANCE = 2;

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["dataset"],
    async run(golden) {
      const folder = path.join(golden.root, "dataset");
      const problems: string[] = [];
      const { ids } = await readImageList("train_aug.txt", folder);
      for (const id of ids)
        for (const check of [checkPictures, checkLabels, checkBoxes, checkCams, checkTags]) {
          try {
            problems.push(...(await check(golden, folder, id)).map((problem) => `${id}: ${problem}`));
          } catch (error) {
            problems.push(`${id}: ${check.name}: ${error instanceof Error ? error.message : error}`);
          }
        }
      if (problems.length > 0) throw new Error(problems.join("\n"));
      return {};
    },
  },
];

async function checkPictures(golden: GoldenCase, folder: string, id: string): Promise<string[]> {
  const { shape, data } = golden.file(`dataset/RGB_npy/${id}.npy`);
  const problems: string[] = [];
  const pictures = [
    { file: path.join(folder, "PNGImages", `${id}.png`), tolerance: 0 },
    { file: await findImage(folder, id), tolerance: JPEG_TOLERANCE },
  ];
  for (const { file, tolerance } of pictures) {
    const image = await readRgb(file);
    const size = [image.height, image.width, 3].join("×");
    if (size !== shape.join("×")) problems.push(`${file} is ${size}, not ${shape.join("×")}`);
    else if (worst(image.data, data) > tolerance) problems.push(`${file} is off by ${worst(image.data, data)}`);
  }
  return problems;
}

async function checkLabels(_: GoldenCase, folder: string, id: string): Promise<string[]> {
  const image = await readRgb(await findImage(folder, id));
  const problems: string[] = [];
  const colourOf = { SegmentationClass: VOC.palette, SeedLabel: VOC.palette.map((__, value) => [value, value, value]) };
  for (const [kind, colours] of Object.entries(colourOf)) {
    const file = path.join(folder, kind, `${id}.png`);
    const label = await readLabel(file);
    checkLabel(label, image, VOC, file);
    const drawn = Uint8Array.from([...label.data].flatMap((value) => [...colours[value]]));
    if (worst(drawn, (await readRgb(file)).data) > 0) problems.push(`${file}: indices and colours disagree`);
    const named = await readXmlTags(path.join(folder, "Annotations", `${id}.xml`), VOC);
    const seen = new Set(label.data);
    const missing = named.filter((value) => !seen.has(value)).map((value) => VOC.classes[value]);
    if (missing.length > 0) problems.push(`${file} lacks ${missing.join(", ")}`);
  }
  return problems;
}

async function checkBoxes(_: GoldenCase, folder: string, id: string): Promise<string[]> {
  const image: RgbImage = await readRgb(await findImage(folder, id));
  const { boxes, notices } = await readBoxes(path.join(folder, "Annotations", `${id}.xml`), VOC, image);
  return boxes.length > 0 && notices.length === 0 ? [] : [`${boxes.length} boxes; ${notices.join("; ")}`];
}

/** CAM dictionaries hold the foreground classes from 0; the plain arrays are named by the same number. */
async function checkCams(golden: GoldenCase, folder: string, id: string): Promise<string[]> {
  const file = path.join(folder, "CAM", `${id}.npy`);
  const cams = readNpyDictionary(fs.readFileSync(file), file);
  const image = await readRgb(await findImage(folder, id));
  const problems: string[] = [];
  const tags = await (await readImageTags(folder, VOC)).tagsOf(id);
  if ([...cams.keys()].map(Number).sort(ascending).join() !== tags.map((tag) => tag - 1).join())
    problems.push(`${file} holds classes ${[...cams.keys()].join(", ")}`);
  for (const [key, { shape }] of cams)
    if (shape.join("×") !== `${image.height}×${image.width}`)
      problems.push(`${file}: class ${key} is ${shape.join("×")}`);
  for (const plain of fs.readdirSync(path.join(folder, "CAM_plain")).filter((name) => name.startsWith(`${id}.c`))) {
    const key = Number(/\.c(\d+)\.npy$/.exec(plain)?.[1]);
    const cam = cams.get(key);
    if (cam === undefined) problems.push(`${file} lacks class ${key}`);
    else if (worst(cam.data, golden.file(`dataset/CAM_plain/${plain}`).data) > 0)
      problems.push(`${file}: class ${key} differs`);
  }
  return problems;
}

async function checkTags(_: GoldenCase, folder: string, id: string): Promise<string[]> {
  const sets = path.join(folder, "ImageSets");
  const tagsIn = async (file: string): Promise<string> =>
    (await (await readImageTags(folder, VOC, path.join(sets, file))).tagsOf(id)).join();
  const xml = (await readXmlTags(path.join(folder, "Annotations", `${id}.xml`), VOC)).join();
  const [npy, json] = [await tagsIn("cls_labels.npy"), await tagsIn("cls_labels.json")];
  return npy === json && json === xml ? [] : [`tags: npy ${npy}, JSON ${json}, XML ${xml}`];
}

function ascending(a: number, b: number): number {
  return a - b;
}

function worst(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (got.length !== wanted.length) return Infinity;
  let error = 0;
  for (let i = 0; i < got.length; i++) error = Math.max(error, Math.abs(got[i] - wanted[i]));
  return error;
}
