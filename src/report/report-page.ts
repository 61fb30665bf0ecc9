/** The report as HTML text that needs nothing else: plain rows and data URIs in. */

import path from "node:path";
import type { Colour } from "../data/dataset";
import { formatSeconds } from "../running/quantities";
import { escapeXml } from "../show/chart-parts";
import { REPORT_STYLE } from "../show/page-style";
import type { EvaluateSummary } from "../steps/outputs/evaluate-table";
import type { RunRecord } from "../steps/outputs/run-record";

export interface ReportPicture {
  readonly id: string;
  /** Over the classes of this image's truth, a fraction. */
  readonly mIoU: number;
  readonly photograph: string;
  readonly label: string;
  readonly truth: string;
}

export interface ReportPage {
  readonly title: string;
  /** The labels', where their `run.json` lies. */
  readonly folder: string;
  readonly runs: readonly RunRecord[];
  readonly scores: EvaluateSummary;
  /** SVG text. */
  readonly chart: string;
  /** Those that occur in truth or labels. */
  readonly classes: readonly { readonly name: string; readonly colour: Colour }[];
  readonly groups: readonly { readonly name: string; readonly pictures: readonly ReportPicture[] }[];
}

export function reportPage({ title, folder, runs, scores, chart, classes, groups }: ReportPage): string {
  const { stage, split, done, images, labelledPixels, ignoredPixels, unpredictedPixels } = scores;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${REPORT_STYLE}${STYLE}</style>
<main>
<h1>${escapeXml(title)}</h1>
<p class="lead">${escapeXml(`${stage}: ${done} of ${images} images of split "${split}".`)}</p>
<p class="figure"><span><b>${percent(scores.mIoU)}</b> mIoU</span> <span><b>${percent(scores.pixelAccuracy)}</b> pixel accuracy</span></p>
<h2>Pictures</h2>
<p class="note">By the mIoU over the classes of each image's own truth.</p>
<ul class="legend">${classes.map(({ name, colour }) => `<li><i style="background: rgb(${colour.join(", ")})"></i>${escapeXml(name)}</li>`).join("")}<li><i class="unknown"></i>unknown</li></ul>
${groups.map(({ name, pictures }) => `<h3>${escapeXml(name)}</h3>${pictures.map(pictureRow).join("\n")}`).join("\n")}
<h2>Figures</h2>
<p class="note">${escapeXml(`${labelledPixels} pixels compared, ${ignoredPixels} ignored in the truth, ${unpredictedPixels} predicted as unknown (misses).`)}</p>
<div class="chart">${chart}</div>
${table(
  ["class", "IoU", "true pixels", "predicted pixels"],
  scores.perClass
    .filter(({ present, predictedPixels }) => present || predictedPixels > 0)
    .map((row) => [row.class, percent(row.iou), String(row.truePixels), String(row.predictedPixels)]),
  "numbers",
)}
<h2>How the labels were made</h2>
${scores.notices.map((notice) => `<p>${escapeXml(notice)}</p>`).join("\n")}
${runs.length === 0 ? "<p>The folder has no record of its runs.</p>" : runs.map((run, index) => runSection(run, index, folder)).join("\n")}
${failures("Images without figures", scores.failed)}
</main>
</html>
`;
}

// --- internal ---

function runSection(run: RunRecord, index: number, folder: string): string {
  const { step, versions, machine, weights, settings, images, done, skipped, failed, seconds, notices } = run;
  const rows: string[][] = [
    ["images", `${done} made, ${skipped} already there, ${failed.length} failed of ${images}`],
    ["time", `${formatSeconds(seconds)}${done > 0 ? `, ${formatSeconds(seconds / done)} per image` : ""}`],
    ["machine", machine],
    ...Object.entries(versions).map(([name, version]) => [name, version]),
    ["weights", weights === undefined ? "none" : `${weights.file}, ${weights.bytes} bytes, SHA-256 ${weights.sha256}`],
  ];
  const options = Object.entries(settings).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : String(value),
  ]);
  const said = notices.map((notice) => `<li>${escapeXml(notice)}</li>`).join("");
  const again = `a2gnn ${step} --config ${path.join(folder, "run.json")}`;
  return `<section><h3>Run ${index + 1}: ${escapeXml(step)}</h3>${table(["", ""], rows)}
<p class="note">The same settings again:</p><pre>${escapeXml(again)}</pre>
<details><summary>Configuration, seed ${escapeXml(String(settings.seed ?? "unknown"))}</summary>${table(["option", "value"], options)}</details>
${said === "" ? "" : `<details><summary>${notices.length} notice${notices.length === 1 ? "" : "s"}</summary><ul>${said}</ul></details>`}${failures("Failed images", failed)}</section>`;
}

function failures(title: string, failed: readonly { readonly image: string; readonly reason: string }[]): string {
  if (failed.length === 0) return "";
  return `<details open><summary>${title}: ${failed.length}</summary>${table(
    ["image", "reason"],
    failed.map(({ image, reason }) => [image, reason]),
  )}</details>`;
}

function pictureRow({ id, mIoU, photograph, label, truth }: ReportPicture): string {
  const cell = (uri: string, caption: string): string =>
    `<figure><img loading="lazy" src="${uri}" alt="${escapeXml(`${caption} of ${id}`)}"><figcaption>${escapeXml(caption)}</figcaption></figure>`;
  return `<div class="row">${cell(photograph, id)}${cell(label, `label, mIoU ${percent(mIoU)}`)}${cell(truth, "truth")}</div>`;
}

/** @param kind "numbers": all columns but the first stand right */
function table(head: readonly string[], rows: readonly (readonly string[])[], kind = "texts"): string {
  const titles = head.every((each) => each === "")
    ? ""
    : `<thead><tr>${head.map((each) => `<th>${escapeXml(each)}</th>`).join("")}</tr></thead>`;
  const body = rows.map((row) => `<tr>${row.map((value) => `<td>${escapeXml(value)}</td>`).join("")}</tr>`).join("");
  return `<div class="scroll"><table class="${kind}">${titles}<tbody>${body}</tbody></table></div>`;
}

function percent(fraction: number | null): string {
  return fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`;
}

const STYLE = `
.figure { display: flex; flex-wrap: wrap; gap: 4px 26px; font-size: 18px; margin: 12px 0; } .figure b { font-size: 26px; color: var(--accent); }
.chart { background: #fff; border: 1px solid var(--line); border-radius: 4px; padding: 10px; max-width: 760px; } .chart svg { display: block; max-width: 100%; height: auto; }
table { margin: 8px 0 12px; } td, th { padding: 4px 14px 4px 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } td:first-child { overflow-wrap: normal; }
th { color: var(--soft); font-weight: 600; } summary { cursor: pointer; color: var(--accent); }
.numbers td:not(:first-child), .numbers th:not(:first-child) { text-align: right; padding: 4px 0 4px 14px; }
.row { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px; margin-bottom: 12px; } .row figure { margin: 0; } .row img { width: 100%; display: block; border-radius: 3px; } .row figcaption { font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }
@media (max-width: 600px) { .row { grid-template-columns: repeat(2, minmax(0, 1fr)); } .row figure:first-child { grid-column: 1 / -1; } }
@media print { details > * { display: block; } }
`;
