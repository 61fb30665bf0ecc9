/**
 * Photographs to RGB bytes, as the reference reads them (`PIL.Image.open(…).convert("RGB")`): EXIF orientation and
 * colour profiles are not applied, transparency is dropped, grey becomes three equal channels, 16 bits become 8.
 */

import path from "node:path";
import sharp from "sharp";
import { expected, messageOf, UserError } from "../errors";
import { fileExists, readBounded } from "./bounded-file";
import { MAX_PIXELS } from "./pixel-limit";

/** Row-major, three bytes a pixel: `data[3 · (y · width + x) + channel]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const FORMATS = ["jpeg", "png", "webp"];
const EXTENSIONS = [".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"];
const MAX_BYTES = 1 << 30;

/**
 * Decodes a JPEG, PNG or WebP file, whatever its name says.
 * @throws UserError "input" for a missing, truncated, damaged or other file, and for more than MAX_PIXELS pixels
 */
export async function readRgb(file: string): Promise<RgbImage> {
  return decodeRgb(await readBounded(file, MAX_BYTES, "image"), file);
}

/** The same from bytes. */
export async function decodeRgb(bytes: Uint8Array, where: string): Promise<RgbImage> {
  try {
    const image = sharp(bytes, { failOn: "error", limitInputPixels: MAX_PIXELS, ignoreIcc: true });
    const { format } = await image.metadata();
    if (!FORMATS.includes(format)) throw expected("input", "a JPEG, PNG or WebP image", format, where);
    const { data, info } = await image
      .removeAlpha()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw expected("input", "an image of 3 channels", String(info.channels), where);
    return {
      width: info.width,
      height: info.height,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("input", `cannot decode image: ${firstLine(messageOf(error))} (${where})`, { cause: error });
  }
}

/**
 * The file of an image id in `root/JPEGImages`, or in `root` itself: .jpg, .jpeg or .png.
 * @throws UserError "input" where there is none
 */
export async function findImage(root: string, id: string): Promise<string> {
  for (const folder of [path.join(root, "JPEGImages"), root])
    for (const extension of EXTENSIONS) {
      const file = path.join(folder, id + extension);
      if (await fileExists(file)) return file;
    }
  throw new UserError(
    "input",
    `no image "${id}" with .jpg, .jpeg or .png in the folder ${path.join(root, "JPEGImages")}`,
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0];
}
