/** The photographs of a folder, each under an opaque id that says nothing of where it lies. */

import path from "node:path";
import sharp from "sharp";
import type { ImageSize } from "../data/dataset";
import { isPlainName, readImageList } from "../data/image-list";
import { MAX_PIXELS } from "../data/pixel-limit";
import { messageOf, UserError } from "../errors";
import { type ContainedFolder, digest } from "./contained-folder";
import type { NamedPhotograph } from "./shape-files";

export interface Photograph {
  readonly id: string;
  /** Without extension: what annotations are named by. */
  readonly name: string;
  readonly file: string;
  /** "JPEGImages" or "" */
  readonly place: string;
}

const PHOTOGRAPH = /^([^.].*)\.(jpe?g|png|webp)$/i;

/**
 * @param list an image list; without, every photograph in `JPEGImages`, or else in the folder itself
 * @throws UserError "input" where there is none
 */
export async function listPhotographs(folder: ContainedFolder, list?: string): Promise<readonly Photograph[]> {
  const inner = await folder.names("JPEGImages");
  const place = inner.some((file) => PHOTOGRAPH.test(file)) ? "JPEGImages" : "";
  const files = place === "" ? await folder.names() : inner;
  const found = new Map<string, Photograph>();
  for (const file of [...files].sort()) {
    const name = PHOTOGRAPH.exec(file)?.[1];
    if (name !== undefined && isPlainName(name) && !found.has(name))
      found.set(name, { id: digest(name), name, file, place });
  }
  if (list === undefined) {
    if (found.size === 0)
      throw new UserError("input", `expected photographs (.jpg, .jpeg, .png, .webp), got none (${folder.root})`);
    return [...found.values()];
  }
  const { ids } = await readImageList(list, folder.root);
  const missing = ids.find((name) => !found.has(name));
  if (missing !== undefined) throw new UserError("input", `no photograph "${missing}" of the list ${list}`);
  return ids.map((name) => found.get(name) as Photograph);
}

/** The photograph with its size, read off its head. @throws UserError "input" for what is no photograph */
export async function sizedPhotograph(folder: ContainedFolder, photograph: Photograph): Promise<NamedPhotograph> {
  const file = await folder.locate(photograph.place, photograph.file);
  return { name: photograph.name, file: photograph.file, ...(await sizeOf(file)) };
}

/** A JPEG of at most `side` pixels. */
export async function thumbnail(file: string, side: number): Promise<Uint8Array> {
  try {
    const image = sharp(file, { limitInputPixels: MAX_PIXELS });
    return await image.resize(side, side, { fit: "inside" }).jpeg({ quality: 70 }).toBuffer();
  } catch (error) {
    throw new UserError("input", `cannot decode ${path.basename(file)}: ${messageOf(error).split("\n")[0]}`);
  }
}

async function sizeOf(file: string): Promise<ImageSize> {
  try {
    const { width, height } = await sharp(file, { limitInputPixels: MAX_PIXELS }).metadata();
    return { width, height };
  } catch (error) {
    throw new UserError("input", `cannot decode ${path.basename(file)}: ${messageOf(error).split("\n")[0]}`);
  }
}
