/**
 * Text as outlines of a font that comes with the package (DejaVu Sans), so that pictures and charts look the same on
 * every machine, with fonts or without.
 */

import fs from "node:fs";
import { type Font, parse } from "opentype.js";

/** Width of a text in the units of `size`, which is the font size. */
export function textWidth(text: string, size: number): number {
  const { unitsPerEm } = openFont();
  return glyphsOf(text).reduce((sum, { advanceWidth = 0 }) => sum + (advanceWidth / unitsPerEm) * size, 0);
}

/** The text as data of an SVG path; its baseline begins at (x, y). Signs that the font lacks are drawn as its empty box. */
export function textOutline(text: string, x: number, y: number, size: number): string {
  const { unitsPerEm } = openFont();
  let left = x;
  return glyphsOf(text)
    .map((glyph) => {
      const outline = glyph.getPath(left, y, size).toPathData(2);
      left += ((glyph.advanceWidth ?? 0) / unitsPerEm) * size;
      return outline;
    })
    .join("");
}

/** As much of the text as the width holds, with an ellipsis where something is cut off. */
export function fittedText(text: string, width: number, size: number): string {
  if (textWidth(text, size) <= width) return text;
  const signs = [...text];
  while (signs.length > 0 && textWidth(`${signs.join("")}…`, size) > width) signs.pop();
  return `${signs.join("").trimEnd()}…`;
}

let font: Font | undefined;

/** Read when the first letter is drawn: most runs draw none. */
function openFont(): Font {
  if (font === undefined) {
    const bytes = fs.readFileSync(require.resolve("@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff"));
    font = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
  }
  return font;
}

/** One sign, one glyph: labels need neither ligatures nor kerning, and opentype.js cannot read all of this font's. */
function glyphsOf(text: string): ReturnType<Font["charToGlyph"]>[] {
  const opened = openFont();
  return [...text].map((sign) => opened.charToGlyph(sign));
}
