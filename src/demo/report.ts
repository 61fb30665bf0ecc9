/** The demo's report: one HTML file that needs nothing else. Plain rows and data URIs in, text out. */

import type { Colour } from "../data/dataset";
import type { FurtherTable } from "./segmentation-table";

/** Figures of one supervision, as fractions. */
export interface DemoRow {
  readonly supervision: string;
  readonly coverage: number;
  readonly precision: number;
  /** Unknown pixels count as misses. */
  readonly seedMiou: number;
  readonly crfMiou: number;
  readonly labelMiou: number;
  readonly labelAccuracy: number;
  readonly secondsPerImage: number;
}

/** The pictures of one image under one supervision, as data URIs. */
export interface DemoPictures {
  readonly id: string;
  readonly weakLabel: string;
  readonly seed: string;
  readonly affinity: string;
  readonly crf: string;
  readonly label: string;
  readonly truth: string;
  readonly crfMiou: number;
  readonly labelMiou: number;
}

export interface DemoSection {
  readonly row: DemoRow;
  readonly about: string;
  readonly pictures: readonly DemoPictures[];
  /** The command line that makes these labels. */
  readonly command: string;
}

export interface DemoReport {
  readonly title: string;
  /** Sentences on weights, features, data: what a reader must know before believing a figure. */
  readonly openly: readonly string[];
  readonly split: string;
  readonly images: number;
  readonly classes: readonly { readonly name: string; readonly colour: Colour }[];
  readonly sections: readonly DemoSection[];
  readonly further?: FurtherTable;
}

export function reportHtml(report: DemoReport): string {
  const rows = report.sections.map(({ row }) => row);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(report.title)}</title>
<style>${STYLE}</style>
<main>
<h1>${text(report.title)}</h1>
<p class="lead">From cheap labels to a label of every pixel: for each image a small graph network is trained on that image's own
seeds, and then labels every cell of its graph; a dense CRF sharpens the result.</p>
<aside><h2>What was used</h2><ul>${report.openly.map((line) => `<li>${text(line)}</li>`).join("")}</ul></aside>
<h2>Figures</h2>
<p>${report.images} images of split “${text(report.split)}”; mIoU over the classes in their masks, border pixels (255) ignored.</p>
${figures(rows)}
${bars(rows)}
<h2>Pictures</h2>
<ul class="legend">${report.classes
    .map(({ name, colour }) => `<li><i style="background:rgb(${colour.join(",")})"></i>${text(name)}</li>`)
    .join(
      "",
    )}<li><i class="unknown"></i>unknown, or border in the truth</li><li><i class="scale"></i>affinity: low to high</li></ul>
${report.sections.map(section).join("\n")}
${report.further === undefined ? "" : furtherTable(report.further)}
</main>
</html>
`;
}

/** `0.7886` → `78.9`. */
export function percentText(fraction: number): string {
  return (100 * fraction).toFixed(1);
}

export const FIGURE_HEAD: readonly string[] = [
  "supervision",
  "seed coverage",
  "seed precision",
  "seeds alone",
  "seeds + dense CRF",
  "A2GNN",
  "gain",
  "s/image",
];

export function figureCells(row: DemoRow): string[] {
  return [
    row.supervision,
    percentText(row.coverage),
    percentText(row.precision),
    percentText(row.seedMiou),
    percentText(row.crfMiou),
    percentText(row.labelMiou),
    (row.labelMiou >= row.crfMiou ? "+" : "−") + percentText(Math.abs(row.labelMiou - row.crfMiou)),
    row.secondsPerImage.toFixed(1),
  ];
}

function figures(rows: readonly DemoRow[]): string {
  const head = FIGURE_HEAD.map((title) => `<th>${text(title)}</th>`).join("");
  const body = rows.map(
    (row) =>
      `<tr>${figureCells(row)
        .map((cell, i) =>
          i === 0 ? `<th>${text(cell)}</th>` : `<td${i === 5 ? ' class="best"' : ""}>${text(cell)}</td>`,
        )
        .join("")}</tr>`,
  );
  return `<table class="figures"><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>
<p class="note">Coverage and precision: share of pixels that the seeds label, and of those the right ones. The other figures are mIoU in %;
gain: A2GNN over the dense CRF on the same seeds.</p>`;
}

function furtherTable({ title, about, head, rows }: FurtherTable): string {
  const cells = (row: readonly string[], tag: "th" | "td"): string =>
    row.map((cell, i) => (i === 0 ? `<th>${text(cell)}</th>` : `<${tag}>${text(cell)}</${tag}>`)).join("");
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
  return `<h2>${text(title)}</h2><p class="note">${text(about)}</p>
<table class="figures"><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body}</tbody></table>`;
}

/** A group of three bars a supervision. */
function bars(rows: readonly DemoRow[]): string {
  const kinds = [
    ["seeds alone", "seedMiou", "#b9bcc6"],
    ["seeds + dense CRF", "crfMiou", "#7f8fb5"],
    ["A2GNN", "labelMiou", "#2f7d6b"],
  ] as const;
  const [left, groupHeight, barHeight, full] = [90, 66, 16, 560];
  const groups = rows.map((row, g) => {
    const lines = kinds.map(([, key, colour], k) => {
      const y = 8 + g * groupHeight + k * (barHeight + 2);
      const width = Math.max(1, full * row[key]);
      return `<rect x="${left}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}" fill="${colour}" rx="2"/><text x="${(left + width + 6).toFixed(1)}" y="${y + 12}">${percentText(row[key])}</text>`;
    });
    return `<text class="name" x="${left - 10}" y="${8 + g * groupHeight + 31}">${text(row.supervision)}</text>${lines.join("")}`;
  });
  const height = rows.length * groupHeight + 34;
  const legend = kinds.map(
    ([name, , colour], k) =>
      `<rect x="${left + k * 160}" y="${height - 20}" width="12" height="12" fill="${colour}" rx="2"/><text x="${left + k * 160 + 18}" y="${height - 10}">${name}</text>`,
  );
  return `<svg class="bars" viewBox="0 0 720 ${height}" role="img" aria-label="mIoU by supervision">${groups.join("")}${legend.join("")}</svg>`;
}

function section({ row, about, pictures, command }: DemoSection): string {
  const columns = ["weak label", "seed label", "affinity", "seeds + dense CRF", "A2GNN", "truth"];
  const body = pictures.map(({ id, weakLabel, seed, affinity, crf, label, truth, crfMiou, labelMiou }) => {
    const captions = [id, "", "", `mIoU ${percentText(crfMiou)}`, `mIoU ${percentText(labelMiou)}`, ""];
    const cells = [weakLabel, seed, affinity, crf, label, truth].map(
      (uri, i) =>
        `<td><img src="${uri}" alt="${text(`${columns[i]} of ${id}`)}"><span>${text(captions[i])}</span></td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const head = columns.map((title) => `<th>${title}</th>`).join("");
  return `<section><h3>${text(row.supervision)}</h3><p>${text(about)}</p><pre>${text(command)}</pre>
<table class="pictures"><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></section>`;
}

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const STYLE = `
:root { color-scheme: light; --ink: #23262d; --soft: #686d78; --line: #e3e4e8; --accent: #2f7d6b; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f6f3; color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; background: #fff; }
h1 { font-size: 27px; margin: 0 0 8px; } h2 { font-size: 20px; margin: 34px 0 8px; } h3 { font-size: 17px; margin: 34px 0 2px; text-transform: capitalize; }
.lead { font-size: 17px; max-width: 760px; color: var(--soft); margin: 0 0 20px; }
aside { background: #f0f5f3; border-left: 4px solid var(--accent); padding: 8px 20px 10px; } aside h2 { margin: 4px 0; font-size: 16px; } aside ul { margin: 4px 0; padding-left: 20px; }
table { border-collapse: collapse; } .figures th, .figures td { padding: 6px 14px; border-bottom: 1px solid var(--line); text-align: right; font-variant-numeric: tabular-nums; }
.figures th:first-child { text-align: left; text-transform: capitalize; } .figures thead th { font-weight: 600; color: var(--soft); } .figures .best { font-weight: 700; color: var(--accent); }
.note { color: var(--soft); font-size: 13px; max-width: 760px; } .bars { width: 100%; max-width: 760px; font-size: 12px; } .bars .name { text-anchor: end; font-size: 14px; text-transform: capitalize; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 20px; padding: 0; margin: 8px 0; } .legend i { display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 7px; vertical-align: -2px; border: 1px solid #0003; }
.legend .unknown { background: repeating-linear-gradient(135deg, #fff 0 3px, #777 3px 5px); } .legend .scale { width: 60px; background: linear-gradient(90deg, rgb(38,12,78), rgb(48,84,140), rgb(38,148,140), rgb(116,206,86), rgb(252,231,56)); }
pre { background: #f6f6f3; padding: 8px 12px; overflow-x: auto; font-size: 12.5px; margin: 6px 0 10px; }
.pictures { width: 100%; table-layout: fixed; } .pictures th { font-size: 13px; color: var(--soft); font-weight: 600; text-align: left; padding: 2px 4px; } .pictures td { padding: 3px; vertical-align: top; }
.pictures img { width: 100%; display: block; border-radius: 3px; image-rendering: pixelated; } .pictures span { font-size: 12px; color: var(--soft); }
@media (max-width: 760px) { .pictures { min-width: 720px; } section { overflow-x: auto; } }
`;
