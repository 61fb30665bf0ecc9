/** The demo's report: one HTML file that needs nothing else. Plain rows and data URIs in, text out. */

import type { Colour } from "../data/dataset";
import { REPORT_STYLE } from "../show/page-style";
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
  readonly further?: readonly (FurtherTable | undefined)[];
}

export function reportHtml(report: DemoReport): string {
  const rows = report.sections.map(({ row }) => row);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(report.title)}</title>
<style>${REPORT_STYLE}${STYLE}</style>
<main>
<h1>${text(report.title)}</h1>
<p class="lead">From cheap labels to a label of every pixel: for each image a small graph network is trained on that image's own
seeds, and then labels every cell of its graph; a dense CRF sharpens the result.</p>
<ul class="legend">${report.classes
    .map(({ name, colour }) => `<li><i style="background:rgb(${colour.join(",")})"></i>${text(name)}</li>`)
    .join(
      "",
    )}<li><i class="unknown"></i>unknown, or border in the truth</li><li><i class="scale"></i>affinity: low to high</li></ul>
${report.sections.map(section).join("\n")}
<h2>Figures</h2>
<p>${report.images} images of split “${text(report.split)}”; mIoU over the classes in their masks, border pixels (255) ignored.</p>
${figures(rows)}
${bars(rows)}
${(report.further ?? []).map((table) => (table === undefined ? "" : furtherTable(table))).join("")}
<aside><h2>What was used</h2><ul>${report.openly.map((line) => `<li>${text(line)}</li>`).join("")}</ul></aside>
<h2>The commands</h2>
${report.sections.map(({ row, command }) => `<h3>${text(row.supervision)}</h3><pre>${text(command)}</pre>`).join("\n")}
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
  return `<div class="scroll"><table class="figures"><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>
<p class="note">Coverage and precision: share of pixels that the seeds label, and of those the right ones. The other figures are mIoU in %;
gain: A2GNN over the dense CRF on the same seeds.</p>`;
}

function furtherTable({ title, about, head, rows }: FurtherTable): string {
  const cells = (row: readonly string[], tag: "th" | "td"): string =>
    row.map((cell, i) => (i === 0 ? `<th>${text(cell)}</th>` : `<${tag}>${text(cell)}</${tag}>`)).join("");
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
  return `<h2>${text(title)}</h2><p class="note">${text(about)}</p>
<div class="scroll"><table class="figures"><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body}</tbody></table></div>`;
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

function section({ row, about, pictures }: DemoSection): string {
  const columns = ["weak label", "seed label", "affinity", "seeds + dense CRF", "A2GNN", "truth"];
  const body = pictures.map(({ id, weakLabel, seed, affinity, crf, label, truth, crfMiou, labelMiou }) => {
    const figures = ["", "", "", ` ${percentText(crfMiou)}`, ` ${percentText(labelMiou)}`, ""];
    const cells = [weakLabel, seed, affinity, crf, label, truth].map(
      (uri, i) =>
        `<figure><img loading="lazy" src="${uri}" alt="${text(`${columns[i]} of ${id}`)}"><figcaption>${columns[i]}${figures[i]}</figcaption></figure>`,
    );
    return `<h4>${text(id)}</h4><div class="pictures">${cells.join("")}</div>`;
  });
  return `<section><h3>${text(row.supervision)}</h3><p>${text(about)} <span class="note">Figures below the pictures: mIoU in %.</span></p>
${body.join("\n")}</section>`;
}

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const STYLE = `
section h3, h3 { text-transform: capitalize; } h4 { font-size: 13px; font-weight: 600; margin: 10px 0 3px; }
aside { background: var(--tint); border-left: 4px solid var(--accent); padding: 8px 20px 10px; margin-top: 30px; } aside h2 { margin: 4px 0; font-size: 16px; } aside ul { margin: 4px 0; padding-left: 20px; }
.figures th, .figures td { padding: 6px 14px; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures th:first-child { text-align: left; text-transform: capitalize; padding-left: 0; } .figures thead th { font-weight: 600; color: var(--soft); white-space: normal; } .figures .best { font-weight: 700; color: var(--accent); }
.bars { width: 100%; max-width: 760px; font-size: 12px; } .bars text { fill: var(--ink); } .bars .name { text-anchor: end; font-size: 14px; text-transform: capitalize; }
.legend .scale { width: 60px; background: linear-gradient(90deg, rgb(38,12,78), rgb(48,84,140), rgb(38,148,140), rgb(116,206,86), rgb(252,231,56)); }
.pictures { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 6px; } .pictures figure { margin: 0; } .pictures img { width: 100%; display: block; border-radius: 3px; image-rendering: pixelated; } .pictures figcaption { font-size: 12px; color: var(--soft); }
@media (max-width: 760px) { .pictures { grid-template-columns: repeat(3, minmax(0, 1fr)); } } @media (max-width: 480px) { .pictures { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
`;
