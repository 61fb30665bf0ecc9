/** Which colour stands for which class: as a strip below a PNG, and as HTML below a picture in a notebook. */

import type { Colour, DatasetDescription } from "../data/dataset";
import type { LabelMap } from "../data/label-png";
import { vocPalette } from "../data/voc";
import { escapeXml, INK } from "./chart-parts";
import { textOutline, textWidth } from "./lettering";

export interface LegendEntry {
  readonly name: string;
  /** Unknown pixels are hatched. */
  readonly colour: Colour | "hatched";
}

/** The classes that a label holds, without the background, and "unknown" where it has unknown pixels. */
export function legendOf({ data }: LabelMap, { classes, palette, ignore }: DatasetDescription): LegendEntry[] {
  const colours = vocPalette(256);
  return [...new Set(data)]
    .filter((value) => value !== 0)
    .sort((a, b) => a - b)
    .map((value) =>
      value === ignore
        ? { name: "unknown", colour: "hatched" }
        : { name: classes[value] ?? `class ${value}`, colour: palette[value] ?? colours[value] },
    );
}

/** A strip of `width` pixels whose upper edge is at (left, top), as parts of an SVG; `height` is 0 without entries. */
export function legendStrip(
  entries: readonly LegendEntry[],
  { left, top, width, size }: { left: number; top: number; width: number; size: number },
): { readonly parts: string; readonly height: number } {
  const [swatch, gap] = [0.9 * size, 0.55 * size];
  let [x, y] = [gap, gap];
  const parts = entries.map(({ name, colour }) => {
    const needed = swatch + gap / 2 + textWidth(name, size) + 2 * gap;
    if (x > gap && x + needed > width) [x, y] = [gap, y + size + gap];
    const [l, t] = [left + x, top + y];
    const box = `x="${l.toFixed(1)}" y="${t.toFixed(1)}" width="${swatch.toFixed(1)}" height="${swatch.toFixed(1)}" stroke="${INK}"`;
    x += needed;
    return `<rect ${box} fill="${fillOf(colour)}"/>${colour === "hatched" ? hatching(l, t, swatch) : ""}<path d="${textOutline(name, l + swatch + gap / 2, t + 0.82 * size, size)}" fill="${INK}"/>`;
  });
  return { parts: parts.join(""), height: entries.length === 0 ? 0 : Math.ceil(y + size + gap) };
}

/** Text with a swatch before each name. */
export function legendHtml(entries: readonly LegendEntry[]): string {
  const hatched = "repeating-linear-gradient(45deg,#777 0 2px,#fff 2px 4px)";
  return entries
    .map(({ name, colour }) => {
      const fill = colour === "hatched" ? hatched : fillOf(colour);
      return `<span style="white-space:nowrap;margin-right:10px"><span style="display:inline-block;width:10px;height:10px;border:1px solid ${INK};background:${fill}"></span> ${escapeXml(name)}</span>`;
    })
    .join("");
}

function fillOf(colour: LegendEntry["colour"]): string {
  return colour === "hatched" ? "#fff" : `rgb(${colour.join(",")})`;
}

function hatching(left: number, top: number, side: number): string {
  const lines = [0.5, 1, 1.5].map((share) => {
    const from = Math.max(0, share - 1) * side;
    const to = Math.min(1, share) * side;
    return `M${(left + from).toFixed(1)} ${(top + to).toFixed(1)}L${(left + to).toFixed(1)} ${(top + from).toFixed(1)}`;
  });
  return `<path d="${lines.join("")}" stroke="rgb(120,120,124)" stroke-width="1.4"/>`;
}
