/**
 * Pictures side by side. In a notebook captions and legends are text, which can be read aloud, searched and copied; in a
 * PNG they are drawn in the font that comes with the package.
 */

import sharp from "sharp";
import type { RgbImage } from "../data/image";
import { escapeXml, INK, tickText } from "./chart-parts";
import { type Shown, show } from "./display";
import { HEAT_SCALE } from "./heat-scale";
import { type LegendEntry, legendHtml, legendStrip } from "./legend";
import { fittedText, textOutline } from "./lettering";

export interface Captioned {
  readonly picture: RgbImage;
  /** Stands above the picture. */
  readonly caption?: string;
  /** Stands below it. */
  readonly legend?: readonly LegendEntry[];
  /** In a notebook: a colour bar below it, from the darkest colour's value to the brightest's. */
  readonly scale?: { readonly low: number; readonly high: number };
}

export interface GridOptions {
  /** Pictures a row. Default: up to 4. */
  readonly columns?: number;
  /** Width of a picture in the grid, pixels; small ones are enlarged by whole numbers, so that pixels can be seen. Default 300. */
  readonly width?: number;
}

const GAP = 10;
const SIZE = 15;

/** Shows pictures in a grid, each a figure with its caption. */
export async function showPictures(pictures: readonly Captioned[], options: GridOptions = {}): Promise<Shown> {
  const { columns = defaultColumns(pictures), width = 300 } = options;
  const figures = await Promise.all(pictures.map((each) => figureHtml(each, width)));
  const html = `<div style="display:grid;grid-template-columns:repeat(${columns},minmax(0,${width}px));gap:${GAP}px;justify-content:start">${figures.join("")}</div>`;
  const captions = pictures.map(({ caption = "picture" }) => caption).join(" · ");
  return show({ "text/html": html, "text/plain": captions });
}

/** The grid as PNG bytes. */
export async function pictureGrid(
  pictures: readonly Captioned[],
  { columns = defaultColumns(pictures), width = 300 }: GridOptions = {},
): Promise<Uint8Array> {
  const drawn = await Promise.all(pictures.map(({ picture }) => resized(picture, width)));
  const cell = Math.max(1, ...drawn.map((each) => each.width));
  const top = pictures.some(({ caption = "" }) => caption !== "") ? SIZE + 9 : 0;
  const strip = ({ legend = [] }: Captioned): number =>
    legendStrip(legend, { left: 0, top: 0, width: cell, size: SIZE }).height;
  const parts: string[] = [];
  const layers: sharp.OverlayOptions[] = [];
  let height = GAP;
  for (let first = 0; first < pictures.length; first += columns) {
    const row = pictures.slice(first, first + columns);
    const highest = Math.max(...row.map((_, i) => drawn[first + i].height));
    row.forEach((each, i) => {
      const left = GAP + i * (cell + GAP);
      const { width: w, height: h, data } = drawn[first + i];
      const caption = textOutline(fittedText(each.caption ?? "", cell, SIZE), left, height + SIZE, SIZE);
      const place = { left, top: height + top + h, width: cell, size: SIZE };
      parts.push(`<path d="${caption}" fill="${INK}"/>`, legendStrip(each.legend ?? [], place).parts);
      layers.push({ input: Buffer.from(data), raw: { width: w, height: h, channels: 3 }, left, top: height + top });
    });
    height += top + highest + Math.max(...row.map(strip)) + GAP;
  }
  const size = { width: columns * (cell + GAP) + GAP, height };
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${parts.join("")}</svg>`;
  return sharp({ create: { ...size, channels: 3, background: "#fff" } })
    .composite([...layers, { input: Buffer.from(text), left: 0, top: 0 }])
    .removeAlpha()
    .png({ palette: true, quality: 90, compressionLevel: 9 })
    .toBuffer();
}

// --- internal ---

function defaultColumns(pictures: readonly Captioned[]): number {
  return Math.min(4, Math.max(1, pictures.length));
}

/** The picture itself is stored in its own size where it is small: the browser enlarges it. */
async function figureHtml({ picture, caption = "", legend = [], scale }: Captioned, width: number): Promise<string> {
  const { width: w, height: h, data } = picture.width > width ? await resized(picture, width) : picture;
  const bytes = await sharp(data, { raw: { width: w, height: h, channels: 3 } })
    .webp({ quality: 90, smartSubsample: true })
    .toBuffer();
  const enlarged = enlargement(picture, width) >= 2 ? ";image-rendering:pixelated" : "";
  const head = caption === "" ? "" : `<figcaption>${escapeXml(caption)}</figcaption>`;
  const foot = legend.length === 0 ? "" : `<div style="font-size:85%">${legendHtml(legend)}</div>`;
  const bar = scale === undefined ? "" : scaleHtml(scale);
  return `<figure style="margin:0">${head}<img alt="${escapeXml(caption)}" style="display:block;width:100%${enlarged}" src="data:image/webp;base64,${bytes.toString("base64")}">${foot}${bar}</figure>`;
}

function scaleHtml({ low, high }: { readonly low: number; readonly high: number }): string {
  const colours = HEAT_SCALE.map((colour) => `rgb(${colour.join(",")})`).join(",");
  return `<div style="display:flex;gap:6px;align-items:center;font-size:85%">${tickText(shortened(low))}<span style="flex:1;height:8px;background:linear-gradient(90deg,${colours})"></span>${tickText(shortened(high))}</div>`;
}

/** Two digits are enough beside a bar of colours. */
function shortened(value: number): number {
  return Number(value.toPrecision(2));
}

/** A whole number of 2 or more for small pictures, else what makes the width right. */
function enlargement({ width: own }: RgbImage, width: number): number {
  return own * 1.5 <= width ? Math.max(1, Math.round(width / own)) : width / own;
}

async function resized(picture: RgbImage, width: number): Promise<RgbImage> {
  const factor = enlargement(picture, width);
  const size = { width: Math.round(picture.width * factor), height: Math.round(picture.height * factor) };
  const { data, info } = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .resize({ ...size, fit: "fill", kernel: factor >= 2 ? "nearest" : "lanczos3" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
