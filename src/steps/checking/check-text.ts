/** What `check` found as lines for a terminal. */

import path from "node:path";
import { formatBytes, formatSeconds } from "../../running/quantities";
import { COLUMNS, wrapped } from "../../shown-text";
import { tableText } from "../outputs/text-table";
import type { CheckSummary, PhotographFacts, Size } from "./folder-facts";

/** Lines of a list before "and n more": `--json` has all. */
const MAX_LISTED = 12;
/** Width of the headings' column. */
const MARGIN = 14;

export function describeCheck(summary: CheckSummary): string {
  const { folder, failed, images, estimates, contactSheet, seconds } = summary;
  const verdict =
    failed.length === 0
      ? "Nothing would fail."
      : `${failed.length} of ${images} would fail${failed.length > 5 ? ` (--json lists all)` : ""}:`;
  return [
    entry("Photographs", photographLines(summary.photographs, folder)),
    entry("Classes", [classLine(summary)]),
    entry("True labels", [summary.trueLabels === 0 ? "none" : `of ${photographs(summary.trueLabels)}`]),
    ...(summary.tags === undefined
      ? []
      : [entry("Tags", [`of ${photographs(summary.tags.photographs)}, in ${relative(summary.tags.file, folder)}`])]),
    "",
    formatTable(summary),
    ...(summary.classes.length === 0 ? [] : ["", classTable(summary)]),
    ...list(
      "Left out, or read in a way that you may not expect:",
      summary.leftOut.map((line) => line.replaceAll(`${folder}${path.sep}`, "")),
    ),
    "",
    verdict,
    ...bulleted(groupedFailures(failed).map((line) => line.replaceAll(`${folder}${path.sep}`, ""))),
    ...(estimates.length === 0 ? [] : ["", estimateText(summary)]),
    ...(contactSheet === undefined ? [] : ["", `Contact sheet: ${contactSheet}`]),
    "",
    wrapped(nextLine(summary)),
    `Read in ${formatSeconds(seconds)}.`,
  ].join("\n");
}

function photographLines(
  { folder, count, kinds, smallest, largest, megapixels, turned }: PhotographFacts,
  root: string,
): string[] {
  const of = Object.entries(kinds).map(([kind, number]) => `${number} ${kind}`);
  const size = ({ width, height }: Size): string => `${width}×${height}`;
  const sizes =
    smallest === undefined || largest === undefined
      ? []
      : [
          `${size(smallest)}${size(smallest) === size(largest) ? "" : ` to ${size(largest)}`} pixels, ${Number(megapixels.toPrecision(2))} megapixels in all`,
        ];
  const exif = Object.entries(turned).map(([orientation, number]) => `${number} with orientation ${orientation}`);
  return [
    `${count} in ${relative(folder, root)}${of.length === 0 ? "" : ` (${of.join(", ")})`}`,
    ...sizes,
    exif.length === 0 ? "none turned by EXIF" : `turned by EXIF: ${exif.join(", ")}`,
  ];
}

function classLine({ dataset, classNames }: CheckSummary): string {
  const names = classNames.slice(1);
  if (dataset !== "dataset.json")
    return `the ${names.length} of PASCAL VOC, as there is no dataset.json to name others`;
  const some = names.slice(0, 12).join(", ");
  return `${names.length} in dataset.json: ${some}${names.length > 12 ? ", …" : ""}`;
}

function formatTable({ formats, folder }: CheckSummary): string {
  if (formats.length === 0) return "Weak labels   none that can be read";
  const rows = formats.map(({ name, photographs, boxes, clicks, strokes }) => [
    shortName(name, folder),
    String(photographs),
    blankZero(boxes),
    blankZero(clicks),
    strokes === null ? "drawn" : blankZero(strokes),
  ]);
  return tableText(["Weak labels", "photographs", "boxes", "clicks", "strokes"], rows);
}

function classTable({ classes, tags }: CheckSummary): string {
  const rows = classes.map(({ name, isKnown, near, photographs, boxes, clicks, stroked, tagged }) => [
    isKnown ? name : `${name} – NO CLASS${near.length === 0 ? "" : `; ${near[0]}?`}`,
    String(photographs),
    blankZero(boxes),
    blankZero(clicks),
    blankZero(stroked),
    ...(tags === undefined ? [] : [blankZero(tagged)]),
  ]);
  const head = ["Class", "photographs", "boxes", "clicks", "with strokes", ...(tags === undefined ? [] : ["tagged"])];
  return tableText(head, rows);
}

function estimateText({ estimates }: CheckSummary): string {
  const rows = estimates.map(({ step, coreSeconds, bytes }) => [step, formatSeconds(coreSeconds), formatBytes(bytes)]);
  const note =
    "A rough estimate from pixels and classes; your machine may take a third of the time, or three times as long:";
  return `${wrapped(note)}\n${tableText(["step", "time on one core", "memory"], rows)}`;
}

function nextLine({ failed, images, folder, formats }: CheckSummary): string {
  if (formats.length === 0)
    return `Next: draw boxes, clicks or strokes (a2gnn annotate ${folder}), or name the file of your annotation tool (a2gnn check --help).`;
  if (failed.length === images) return "Next: mend what is named above; --contact-sheet check.html shows it.";
  return `Next: --contact-sheet check.html shows every label; a2gnn make-pseudo-labels ${folder} makes labels of every pixel.`;
}

/** Photographs that fail for the same reason stand in one line. */
function groupedFailures(failed: CheckSummary["failed"]): string[] {
  const groups = new Map<string, string[]>();
  for (const { image, reason } of failed) {
    const kind = reason.replaceAll(image, "NAME");
    groups.set(kind, [...(groups.get(kind) ?? []), image]);
  }
  return [...groups].map(([kind, images]) => {
    const [first] = images;
    if (images.length === 1) return `${first}: ${kind.replaceAll("NAME", first)}`;
    const some = images.slice(0, 5).join(", ");
    return `${images.length} photographs (${some}${images.length > 5 ? ", …" : ""}): ${kind}`;
  });
}

function list(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", head, ...bulleted(lines)];
}

function bulleted(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MAX_LISTED).map((line) => `  ${wrapped(line, COLUMNS - 2, 4)}`);
  const more = lines.length - shown.length;
  return more > 0 ? [...shown, `  … and ${more} more`] : shown;
}

function entry(head: string, lines: readonly string[]): string {
  const text = lines.map((line) => wrapped(line, COLUMNS - MARGIN).replaceAll("\n", `\n${" ".repeat(MARGIN)}`));
  return head.padEnd(MARGIN) + text.join(`\n${" ".repeat(MARGIN)}`);
}

/** `VOC XML (Annotations)`: folders as the data folder sees them. */
function shortName(name: string, root: string): string {
  return name.replace(/\((.*)\)$/, (_, place: string) => `(${relative(place, root)})`);
}

function relative(place: string, root: string): string {
  const inside = path.relative(root, place);
  return inside === "" ? "the folder itself" : inside.startsWith("..") ? place : inside;
}

function photographs(count: number): string {
  return `${count} photograph${count === 1 ? "" : "s"}`;
}

function blankZero(count: number): string {
  return count === 0 ? "–" : String(count);
}
