/** The report of `learn` as HTML text that needs nothing else: plain rows and data URIs in. */

import type { Colour } from "../data/dataset";
import { formatSeconds } from "../running/quantities";
import { escapeXml } from "../show/chart-parts";
import type { ClassFinding } from "./class-findings";

export interface LearnPicture {
  readonly id: string;
  /** box, click, stroke, or none. */
  readonly weakLabel: string;
  readonly doubt: number;
  readonly label: string;
  readonly photograph: string;
}

export interface LearnPage {
  readonly title: string;
  /** Sentences: photographs, weak labels, network, rounds. */
  readonly facts: readonly string[];
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly classes: readonly (ClassFinding & { readonly colour: Colour })[];
  /** Most doubtful first. */
  readonly doubtful: readonly LearnPicture[];
  /** Unlabelled, most worth labelling first. */
  readonly next: readonly LearnPicture[];
  readonly failed: readonly { readonly image: string; readonly reason: string }[];
  /** Command that opens the photographs to label next. */
  readonly command: string;
}

export function learnPage(page: LearnPage): string {
  const { title, facts, stages, classes, doubtful, next, failed, command } = page;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escapeXml(title)}</h1>
<ul class="lead">${facts.map((fact) => `<li>${escapeXml(fact)}</li>`).join("")}</ul>
<p class="legend">${classes.map(({ class: name, colour }) => `<span><i style="background: rgb(${colour.join(", ")})"></i>${escapeXml(name)}</span>`).join(" ")}</p>
<h2>What to label next</h2>
${
  next.length === 0
    ? "<p>Every photograph has a weak label.</p>"
    : `<p>The network would learn most from these: it is unsure of them, and knows least of what it sees there. The frame marks the most
doubtful region.</p><p><code>${escapeXml(command)}</code></p>${pictures(next)}`
}
<h2>Most doubtful labels</h2>
<p>Doubt is one minus the margin between the network's two best classes, averaged over the photograph.</p>
${pictures(doubtful)}
<h2>Classes</h2>
<p>Agreement is the intersection over union of the network's answer and the labels it was trained on, over the photographs that have a
weak label. It says how consistent the labels are, not how true: no mask was looked at.</p>
<table><thead><tr><th>class</th><th>labelled photographs</th><th>found in others</th><th>share of pixels</th><th>agreement</th></tr></thead><tbody>
${classes
  .map((row) =>
    cells([
      row.class,
      String(row.labelled),
      String(row.found),
      percent(row.share),
      row.agreement === null ? "–" : percent(row.agreement),
    ]),
  )
  .join("\n")}
</tbody></table>
<h2>Time</h2>
<table><tbody>${stages.map(({ name, seconds }) => cells([name, formatSeconds(seconds)])).join("")}</tbody></table>
${
  failed.length === 0
    ? ""
    : `<h2>Photographs with something amiss</h2><table class="texts"><tbody>${failed.map(({ image, reason }) => cells([image, reason])).join("")}</tbody></table>`
}
</main>
</html>
`;
}

// --- internal ---

function pictures(all: readonly LearnPicture[]): string {
  return `<div class="grid">${all
    .map(
      ({ id, weakLabel, doubt, label, photograph }) =>
        `<figure><div><img src="${photograph}" alt="${escapeXml(`photograph ${id}`)}"><img src="${label}" alt="${escapeXml(`label of ${id}`)}"></div><figcaption>${escapeXml(id)}: ${escapeXml(weakLabel)}, doubt ${percent(doubt)}</figcaption></figure>`,
    )
    .join("")}</div>`;
}

function cells(values: readonly string[]): string {
  return `<tr>${values.map((value) => `<td>${escapeXml(value)}</td>`).join("")}</tr>`;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; background: light-dark(#f6f6f3, #17191d); color: light-dark(#23262d, #e6e6e3); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 24px 20px 64px; background: light-dark(#fff, #1f2227); }
h1 { font-size: 26px; margin: 0 0 8px; } h2 { font-size: 20px; margin: 32px 0 6px; }
.lead { padding-left: 18px; } code { background: light-dark(#eef0ee, #2b2f36); padding: 2px 6px; border-radius: 4px; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 6px 0 12px; } td, th { padding: 4px 0 4px 18px; border-bottom: 1px solid light-dark(#e3e4e8, #3a3f47); text-align: right; font-variant-numeric: tabular-nums; }
td:first-child, th:first-child, .texts td { text-align: left; padding-left: 0; padding-right: 18px; }
.legend span { margin-right: 14px; white-space: nowrap; } .legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 12px; } figure { margin: 0; } figure div { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
img { width: 100%; display: block; border-radius: 3px; } figcaption { font-size: 13px; color: light-dark(#686d78, #a3a8b2); overflow-wrap: anywhere; }
`;
