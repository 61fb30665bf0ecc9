/**
 * Photographs to RGB bytes. They are turned as EXIF says, as every viewer and annotation tool shows them. Otherwise as the
 * reference reads them (`PIL.Image.open(…).convert("RGB")`): RGB profiles are not applied, transparency is dropped, grey
 * becomes three equal channels, 16 bits become 8. CMYK becomes what viewers show: by its profile, or without one by
 * multiplying with black.
 */

import sharp, { type Metadata, type Sharp } from "sharp";
import { expected, messageOf, UserError } from "../errors";
import { decodeBmp, isBmp } from "./bmp";
import { MAX_PIXELS, readBounded } from "./bounded-file";
import type { ImageSize } from "./dataset";
import { asOrientation } from "./orientation";

export { findImage } from "./photographs";

/** Row-major, three bytes a pixel: `data[3 · (y · width + x) + channel]`. As displayed: turned already. */
export interface RgbImage extends ImageSize {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** What was done to read it that a user may not expect. */
  readonly notices?: readonly string[];
}

const FORMATS: readonly string[] = ["jpeg", "png", "webp", "gif", "tiff", "heif", "avif"];
const MAX_BYTES = 1 << 30;

/**
 * Decodes a JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF file, whatever its name says.
 * @throws UserError "input" for a missing, truncated, damaged or other file, and for more than MAX_PIXELS pixels
 */
export async function readRgb(file: string): Promise<RgbImage> {
  return decodeRgb(await readBounded(file, MAX_BYTES, "image"), file);
}

/** The same from bytes. */
export async function decodeRgb(bytes: Uint8Array, where: string): Promise<RgbImage> {
  if (isBmp(bytes)) return decodeBmp(bytes, where);
  try {
    const metadata = await open(bytes).metadata();
    if (!FORMATS.includes(metadata.format))
      throw expected("input", "a JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF image", metadata.format, where);
    const { width, height, data, notices = [] } = await colours(bytes, metadata, where);
    const orientation = asOrientation(metadata.orientation);
    const pages = metadata.pages ?? 1;
    const told = [...notices, ...(pages > 1 ? [`the first of ${pages} pictures in the file is used`] : [])];
    return {
      width,
      height,
      data,
      ...(orientation === 1 ? {} : { orientation }),
      ...(told.length === 0 ? {} : { notices: told }),
    };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const cure = "copy it again from its source, or save it anew in an image editor";
    throw new UserError("input", `cannot decode image: ${firstLine(messageOf(error))} (${where}); ${cure}`, {
      cause: error,
    });
  }
}

/** A photograph's size as it is displayed, and how it is turned for that, without decoding it. @throws UserError "input" */
export async function readSize(file: string): Promise<ImageSize> {
  const bytes = await readBounded(file, MAX_BYTES, "image");
  if (isBmp(bytes)) return decodeBmp(bytes, file);
  try {
    const { width, height, orientation: turn } = await open(bytes).metadata();
    const orientation = asOrientation(turn);
    return orientation >= 5 ? { width: height, height: width, orientation } : { width, height, orientation };
  } catch (error) {
    throw new UserError("input", `cannot decode image: ${firstLine(messageOf(error))} (${file})`, { cause: error });
  }
}

function open(bytes: Uint8Array, ignoreIcc = true): Sharp {
  return sharp(bytes, { failOn: "error", limitInputPixels: MAX_PIXELS, ignoreIcc });
}

async function colours(bytes: Uint8Array, metadata: Metadata, where: string): Promise<RgbImage> {
  if (metadata.space === "cmyk" && metadata.hasProfile !== true) return withoutProfile(bytes, where);
  if (metadata.depth === "ushort") return fromSixteenBits(bytes, where);
  if (metadata.depth !== "uchar" && metadata.depth !== undefined && metadata.format !== "heif")
    throw expected("input", "8 or 16 bits a channel", `numbers of type ${metadata.depth}`, where);
  const image = open(bytes, metadata.space !== "cmyk")
    .autoOrient()
    .removeAlpha()
    .toColourspace("srgb");
  return raw<Uint8Array>(image.raw({ depth: "uchar" }), 3, where);
}

/** CMYK as browsers and PIL show it where no profile says what its inks look like: red is what cyan and black leave. */
async function withoutProfile(bytes: Uint8Array, where: string): Promise<RgbImage> {
  const inks = open(bytes).autoOrient().toColourspace("cmyk").raw({ depth: "uchar" });
  const { width, height, data } = await raw<Uint8Array>(inks, 4, where);
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = Math.round(((255 - data[4 * i + c]) * (255 - data[4 * i + 3])) / 255);
  return { width, height, data: rgb };
}

/** Cameras and microscopes write 10, 12 or 14 bits into 16: the high bits alone would be black. */
async function fromSixteenBits(bytes: Uint8Array, where: string): Promise<RgbImage> {
  const deep = open(bytes).autoOrient().removeAlpha().toColourspace("rgb16").raw({ depth: "ushort" });
  const { width, height, data } = await raw<Uint16Array>(deep, 3, where);
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  const used = Math.max(8, Math.ceil(Math.log2(most + 1)));
  const bits = used > MOSTLY_UNUSED ? 16 : used;
  const notices = bits < 16 ? [`values use ${bits} of 16 bits: stretched to the full range`] : [];
  return { width, height, data: Uint8Array.from(data, (value) => value >> (bits - 8)), notices };
}

/** Up to so many of 16 bits in use, the values are taken for ones of fewer bits. */
const MOSTLY_UNUSED = 14;

async function raw<T extends Uint8Array | Uint16Array>(
  image: Sharp,
  channels: number,
  where: string,
): Promise<{ width: number; height: number; data: T }> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  if (info.channels !== channels)
    throw expected("input", `an image of ${channels} channels`, String(info.channels), where);
  const count = info.width * info.height * channels;
  const isDeep = data.byteLength === 2 * count;
  const values = isDeep
    ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, data: values as T };
}

function firstLine(text: string): string {
  return text.split("\n")[0];
}
