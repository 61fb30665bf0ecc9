/** The contact sheet as HTML text that needs nothing else: pictures first, figures and what would fail below. */

import path from "node:path";
import type { DatasetDescription } from "../../data/dataset";
import { escapeXml } from "../../show/chart-parts";
import { type LegendEntry, legendHtml } from "../../show/legend";
import { REPORT_STYLE } from "../../show/page-style";
import { describeCheck } from "./check-text";
import type { Examined } from "./examine";
import type { CheckSummary } from "./folder-facts";

/** Stands in every contact sheet: only such a file is replaced. */
export const SHEET_MARK = "a2gnn check: contact sheet";

export interface SheetFigure {
  readonly examined: Examined;
  readonly width: number;
  readonly height: number;
  /** Data URI; undefined for a photograph that cannot be read. */
  readonly source: string | undefined;
  readonly legend: readonly LegendEntry[];
}

export function sheetPage(summary: CheckSummary, figures: readonly SheetFigure[], dataset: DatasetDescription): string {
  const { folder, images, failed } = summary;
  const title = `Contact sheet of ${path.basename(path.resolve(folder))}`;
  const shown = figures.length < images ? `${figures.length} of ${images}` : `All ${images}`;
  const fails = failed.length === 0 ? "nothing would fail" : `${failed.length} would fail, outlined in red`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${SHEET_MARK}">
<title>${escapeXml(title)}</title>
<style>${REPORT_STYLE}${STYLE}</style>
<main>
<h1>${escapeXml(title)}</h1>
<p class="lead">${escapeXml(`${shown} photographs with their weak labels as they are read; ${fails}. Does every frame lie on its thing, and is each named rightly?`)}</p>
<div class="sheet">
${figures.map((figure) => figureHtml(figure, dataset).replaceAll(`${folder}${path.sep}`, "")).join("\n")}
</div>
<h2>What the folder holds</h2>
<pre>${escapeXml(describeCheck({ ...summary, contactSheet: undefined }))}</pre>
</main>
</html>
`;
}

function figureHtml({ examined, width, height, source, legend }: SheetFigure, { classes }: DatasetDescription): string {
  const { id, photograph, labels, reasons, notices } = examined;
  const image =
    source === undefined
      ? ""
      : `<img loading="lazy" decoding="async" width="${width}" height="${height}" alt="${escapeXml(`${id} with its weak labels`)}" src="${source}">`;
  const named = legend.map((entry) =>
    classes.includes(entry.name) ? entry : { ...entry, name: `${entry.name} (no class)` },
  );
  const { width: w = 0, height: h = 0, orientation = 1 } = photograph?.image ?? {};
  const counts = [
    counted(labels?.boxes.length ?? 0, "box", "boxes"),
    counted(labels?.points.length ?? 0, "click", "clicks"),
    labels?.strokes === undefined ? "" : "strokes",
  ].filter((part) => part !== "");
  const facts = [
    photograph === undefined ? "" : `${w}×${h}`,
    orientation === 1 ? "" : `turned (EXIF ${orientation})`,
    ...counts,
  ].filter((part) => part !== "");
  const said = notices.map((notice) => `<p class="note">${escapeXml(notice)}</p>`).join("");
  const wrong = reasons.map((reason) => `<p class="wrong">${escapeXml(reason)}</p>`).join("");
  return `<figure${reasons.length > 0 ? ' class="fails"' : ""}>${image}<figcaption><b>${escapeXml(id)}</b> ${escapeXml(facts.join(" · "))}<div>${legendHtml(named)}</div>${wrong}${said}</figcaption></figure>`;
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? "" : `${count} ${count === 1 ? one : many}`;
}

const STYLE = `
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); gap: 18px 14px; align-items: start; }
.sheet figure { margin: 0; min-width: 0; } .sheet img { width: 100%; height: auto; display: block; border-radius: 3px; }
.sheet figcaption { font-size: 13px; overflow-wrap: anywhere; padding-top: 3px; } .sheet .note { margin: 2px 0; font-size: 12px; }
.fails { outline: 3px solid var(--wrong); outline-offset: 4px; border-radius: 3px; } .wrong { color: var(--wrong); margin: 3px 0; font-size: 12.5px; }
`;
