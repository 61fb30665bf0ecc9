/** The report as HTML text that needs nothing else: plain rows and data URIs in. */

import type { Colour } from "../data/dataset";
import { escapeXml } from "../show/chart-parts";
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
  readonly runs: readonly RunRecord[];
  readonly scores: EvaluateSummary;
  /** SVG text. */
  readonly chart: string;
  /** Those that occur in truth or labels. */
  readonly classes: readonly { readonly name: string; readonly colour: Colour }[];
  readonly groups: readonly { readonly name: string; readonly pictures: readonly ReportPicture[] }[];
}

export function reportPage({ title, runs, scores, chart, classes, groups }: ReportPage): string {
  const { stage, split, done, images, labelledPixels, ignoredPixels, unpredictedPixels } = scores;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escapeXml(title)}</h1>
<p class="lead">${escapeXml(`${stage}: ${done} of ${images} images of split "${split}", ${labelledPixels} pixels compared, ${ignoredPixels} ignored in the truth, ${unpredictedPixels} predicted as unknown (misses).`)}</p>
<p class="figure"><b>${percent(scores.mIoU)}</b> mIoU <b>${percent(scores.pixelAccuracy)}</b> pixel accuracy</p>
${chart}
${table(
  ["class", "IoU", "true pixels", "predicted pixels"],
  scores.perClass
    .filter(({ present, predictedPixels }) => present || predictedPixels > 0)
    .map((row) => [row.class, percent(row.iou), String(row.truePixels), String(row.predictedPixels)]),
  "numbers",
)}
${failures("Images without figures", scores.failed)}
<h2>How the labels were made</h2>
${scores.notices.map((notice) => `<p>${escapeXml(notice)}</p>`).join("\n")}
${runs.length === 0 ? "<p>The folder has no record of its runs.</p>" : runs.map(runSection).join("\n")}
<h2>Pictures</h2>
<p>By the mIoU over the classes of each image's own truth.</p>
<p class="legend">${classes.map(({ name, colour }) => `<span><i style="background: rgb(${colour.join(", ")})"></i>${escapeXml(name)}</span>`).join(" ")}</p>
${groups.map(({ name, pictures }) => `<h3>${escapeXml(name)}</h3>${pictures.map(pictureRow).join("\n")}`).join("\n")}
</main>
</html>
`;
}

// --- internal ---

function runSection(run: RunRecord, index: number): string {
  const { step, versions, machine, weights, settings, images, done, skipped, failed, seconds, notices } = run;
  const rows: string[][] = [
    ["images", `${done} made, ${skipped} were there, ${failed.length} failed of ${images}`],
    ["time", `${seconds.toFixed(1)} s${done > 0 ? `, ${(seconds / done).toFixed(2)} s an image made` : ""}`],
    ["machine", machine],
    ...Object.entries(versions).map(([name, version]) => [name, version]),
    ["weights", weights === undefined ? "none" : `${weights.file}, ${weights.bytes} bytes, SHA-256 ${weights.sha256}`],
  ];
  const options = Object.entries(settings).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : String(value),
  ]);
  const said = notices.map((notice) => `<li>${escapeXml(notice)}</li>`).join("");
  return `<section><h3>Run ${index + 1}: ${escapeXml(step)}</h3>${table(["", ""], rows)}
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
    `<figure><img src="${uri}" alt="${escapeXml(`${caption} of ${id}`)}"><figcaption>${escapeXml(caption)}</figcaption></figure>`;
  return `<div class="row">${cell(photograph, id)}${cell(label, `label, mIoU ${percent(mIoU)}`)}${cell(truth, "truth")}</div>`;
}

/** @param kind "numbers": all columns but the first stand right */
function table(head: readonly string[], rows: readonly (readonly string[])[], kind = "texts"): string {
  const titles = head.every((each) => each === "")
    ? ""
    : `<thead><tr>${head.map((each) => `<th>${escapeXml(each)}</th>`).join("")}</tr></thead>`;
  const body = rows.map((row) => `<tr>${row.map((value) => `<td>${escapeXml(value)}</td>`).join("")}</tr>`).join("");
  return `<table class="${kind}">${titles}<tbody>${body}</tbody></table>`;
}

function percent(fraction: number | null): string {
  return fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`;
}

const STYLE = `
body { margin: 0; background: #f6f6f3; color: #23262d; font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 24px 64px; background: #fff; }
h1 { font-size: 27px; margin: 0 0 8px; } h2 { font-size: 20px; margin: 36px 0 8px; } h3 { font-size: 16px; margin: 20px 0 4px; }
.lead { color: #686d78; } .figure { font-size: 18px; } .figure b { font-size: 26px; color: #2f7d6b; margin-left: 18px; } .figure b:first-child { margin-left: 0; }
table { border-collapse: collapse; margin: 6px 0 12px; } td, th { padding: 4px 14px 4px 0; border-bottom: 1px solid #e3e4e8; text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
th { color: #686d78; font-weight: 600; } summary { cursor: pointer; color: #2f7d6b; } svg { max-width: 100%; height: auto; }
.numbers td:not(:first-child), .numbers th:not(:first-child) { text-align: right; padding: 4px 0 4px 14px; }
.legend span { margin-right: 14px; white-space: nowrap; } .legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; }
.row { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; margin-bottom: 10px; } figure { margin: 0; } img { width: 100%; display: block; border-radius: 3px; } figcaption { font-size: 13px; color: #686d78; }
@media print { details > * { display: block; } body { background: #fff; } }
`;
