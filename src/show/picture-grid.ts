/** Pictures side by side with captions, as one PNG: the letters are our own, so it looks the same on every machine. */

import sharp from "sharp";
import type { RgbImage } from "../data/image";
import { type Shown, show } from "./display";
import { drawText, GLYPH_HEIGHT, textWidth } from "./tiny-font";

export interface Captioned {
  readonly picture: RgbImage;
  readonly caption?: string;
}

export interface GridOptions {
  /** Pictures a row. Default: up to 4. */
  readonly columns?: number;
  /** Width of a picture in the grid, pixels; small ones are enlarged by whole numbers, so that pixels can be seen. Default 300. */
  readonly width?: number;
}

/** What a notebook has room for, pixels; wider grids are drawn smaller. */
const WIDEST = 960;
const GAP = 10;
const PAPER = 255;
const INK = [60, 62, 68];
const LETTER = 2; // the font's dots are drawn 2×2

/** Shows pictures in a grid. */
export async function showPictures(pictures: readonly Captioned[], options: GridOptions = {}): Promise<Shown> {
  const png = await pictureGrid(pictures, options);
  const { width } = await sharp(png).metadata();
  return show({ "image/png": png }, { width: Math.min(width, WIDEST) });
}

/** The grid as PNG bytes. */
export async function pictureGrid(
  pictures: readonly Captioned[],
  { columns = Math.min(4, Math.max(1, pictures.length)), width = 300 }: GridOptions = {},
): Promise<Uint8Array> {
  const drawn = await Promise.all(pictures.map(({ picture }) => resized(picture, width)));
  const rows = Array.from({ length: Math.ceil(pictures.length / columns) }, (_, row) =>
    drawn.slice(row * columns, (row + 1) * columns),
  );
  const hasCaptions = pictures.some(({ caption }) => caption !== undefined && caption !== "");
  const captionHeight = hasCaptions ? GLYPH_HEIGHT * LETTER + 6 : 0;
  const cell = Math.max(1, ...drawn.map((each) => each.width));
  const tops: number[] = [];
  let height = GAP;
  for (const row of rows) {
    tops.push(height);
    height += captionHeight + Math.max(...row.map((each) => each.height)) + GAP;
  }
  const sheet: RgbImage = sheetOf(columns * (cell + GAP) + GAP, height);
  pictures.forEach(({ caption = "" }, i) => {
    const left = GAP + (i % columns) * (cell + GAP);
    const top = tops[Math.floor(i / columns)];
    write(sheet, fitted(caption, cell), left, top);
    paste(sheet, drawn[i], left, top + captionHeight);
  });
  return sharp(sheet.data, { raw: { width: sheet.width, height: sheet.height, channels: 3 } })
    .png({ palette: true, quality: 90, compressionLevel: 9 })
    .toBuffer();
}

// --- internal ---

async function resized(picture: RgbImage, width: number): Promise<RgbImage> {
  const enlarge = picture.width * 1.5 <= width;
  const factor = enlarge ? Math.max(1, Math.round(width / picture.width)) : width / picture.width;
  const size = { width: Math.round(picture.width * factor), height: Math.round(picture.height * factor) };
  const { data, info } = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .resize({ ...size, fit: "fill", kernel: enlarge ? "nearest" : "lanczos3" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function sheetOf(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(PAPER) };
}

function paste(sheet: RgbImage, { width, height, data }: RgbImage, left: number, top: number): void {
  for (let y = 0; y < height; y++)
    sheet.data.set(data.subarray(3 * y * width, 3 * (y + 1) * width), 3 * ((top + y) * sheet.width + left));
}

function write(sheet: RgbImage, text: string, left: number, top: number): void {
  drawText(text, (x, y) => {
    for (let j = 0; j < LETTER; j++)
      for (let i = 0; i < LETTER; i++)
        sheet.data.set(INK, 3 * ((top + y * LETTER + j) * sheet.width + left + x * LETTER + i));
  });
}

/** As much of the caption as the width holds. */
function fitted(caption: string, width: number): string {
  let text = caption;
  while (text.length > 1 && textWidth(text) * LETTER > width) text = text.slice(0, -1);
  return text;
}
