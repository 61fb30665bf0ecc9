/** The photographs of a folder, each under an opaque id that says nothing of where it lies, as a browser can show them. */

import fs from "node:fs/promises";
import path from "node:path";
import sharp, { type Sharp } from "sharp";
import { isBmp } from "../data/bmp";
import { MAX_PIXELS } from "../data/bounded-file";
import type { ImageSize } from "../data/dataset";
import { readRgb } from "../data/image";
import { readImageList } from "../data/image-list";
import { asOrientation } from "../data/orientation";
import { findImage, listPhotographs } from "../data/photographs";
import { messageOf, UserError } from "../errors";
import { type ContainedFolder, digest } from "./contained-folder";
import type { NamedPhotograph } from "./shape-files";

export interface Photograph {
  readonly id: string;
  /** Without extension: what annotations are named by. */
  readonly name: string;
}

export interface PhotographsOfFolder {
  readonly photographs: readonly Photograph[];
  /** What is left out, and why. */
  readonly notices: readonly string[];
}

/**
 * @param list an image list; without, every photograph in `JPEGImages`, or else in the folder itself
 * @throws UserError "input" where there is none
 */
export async function openPhotographs(folder: ContainedFolder, list?: string): Promise<PhotographsOfFolder> {
  const { ids, notices } = (list === undefined ? await listPhotographs(folder.root) : undefined) ?? {
    ids: [],
    notices: [],
  };
  const names = list === undefined ? ids : (await readImageList(list, folder.root)).ids;
  if (names.length === 0)
    throw new UserError("input", [`expected photographs, got none (${folder.root})`, ...notices].join("; "));
  return { photographs: names.map((name) => ({ id: digest(name), name })), notices };
}

/** The photograph's file, every link followed. @throws UserError "input" where it is gone, or lies outside the folder */
export async function locatePhotograph(folder: ContainedFolder, { name }: Photograph): Promise<string> {
  return folder.locate(path.relative(folder.root, await findImage(folder.root, name)));
}

/** The photograph with its size as displayed, read off its head. @throws UserError "input" for what is no photograph */
export async function sizedPhotograph(folder: ContainedFolder, photograph: Photograph): Promise<NamedPhotograph> {
  const file = await locatePhotograph(folder, photograph);
  return { name: photograph.name, file: path.basename(file), ...(await sizeOf(file)) };
}

/** A JPEG of at most `side` pixels. */
export async function thumbnail(file: string, side: number): Promise<Uint8Array> {
  return decoded(file, (image) => image.resize(side, side, { fit: "inside" }).jpeg({ quality: 70 }).toBuffer());
}

const SHOWN_BY_BROWSERS: readonly (readonly [type: string, offset: number, signature: string])[] = [
  ["image/jpeg", 0, "ffd8ff"],
  ["image/png", 0, "89504e470d0a1a0a"],
  ["image/webp", 8, "57454250"],
  ["image/gif", 0, "47494638"],
  ["image/avif", 4, "6674797061766966"],
];

export interface BrowserPicture {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The file as it is, under the type that its own first bytes say; as PNG where a browser would not know it. */
export async function browserPicture(file: string): Promise<BrowserPicture> {
  const bytes = await fs.readFile(file);
  const head = bytes.toString("hex", 0, 24);
  const type = SHOWN_BY_BROWSERS.find(([, offset, signature]) => head.startsWith(signature, offset * 2))?.[0];
  if (type !== undefined) return { type, bytes };
  const { width, height, data } = await readRgb(file);
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 3 })
    .toBuffer();
  return { type: "image/png", bytes: png };
}

async function sizeOf(file: string): Promise<ImageSize> {
  if (await hasBmpHead(file)) {
    const { width, height } = await readRgb(file);
    return { width, height };
  }
  return decoded(file, async (image) => {
    const { autoOrient, orientation } = await image.metadata();
    return { ...autoOrient, orientation: asOrientation(orientation) };
  });
}

async function decoded<T>(file: string, work: (image: Sharp) => Promise<T>): Promise<T> {
  try {
    if (await hasBmpHead(file)) {
      const { width, height, data } = await readRgb(file);
      return await work(sharp(data, { raw: { width, height, channels: 3 } }));
    }
    return await work(sharp(file, { limitInputPixels: MAX_PIXELS }).autoOrient());
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("input", `cannot decode ${path.basename(file)}: ${messageOf(error).split("\n")[0]}`);
  }
}

async function hasBmpHead(file: string): Promise<boolean> {
  const handle = await fs.open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(32), 0, 32, 0);
    return isBmp(buffer);
  } finally {
    await handle.close();
  }
}
