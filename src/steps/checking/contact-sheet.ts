/**
 * The contact sheet: photographs with their weak labels drawn over them, as a page that needs nothing else or as a PNG. A
 * large folder is shown by some of its photographs: those that would fail first, then some of every class.
 */

import fs from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { writeAtomic } from "../../atomic-write";
import type { DatasetDescription } from "../../data/dataset";
import { extensionOf } from "../../data/file-names";
import { UserError } from "../../errors";
import type { StepContext } from "../../running/step";
import { pictureGrid } from "../../show/picture-grid";
import { weakLabelLegend, weakLabelPicture } from "../../show/weak-label-picture";
import type { Examined, Examiner } from "./examine";
import type { CheckSummary } from "./folder-facts";
import { SHEET_MARK, type SheetFigure, sheetPage } from "./sheet-page";

export interface ContactSheet {
  /** Notes what a choice among the photographs needs. */
  consider(examined: Examined, dataset: DatasetDescription): void;
  /** Reads the chosen ones again, draws them, and writes the sheet. @throws UserError "output" */
  write(summary: CheckSummary, examiner: Examiner, dataset: DatasetDescription, context: StepContext): Promise<void>;
}

/** Longest side of a picture, pixels. */
const SIDE = 360;

/**
 * @param file `.html` or `.png`; one that exists is replaced only where it is a contact sheet
 * @throws UserError "usage" for another kind of file, "output" for one that is not to be replaced
 */
export async function openSheet(file: string, most: number): Promise<ContactSheet> {
  const extension = extensionOf(path.basename(file));
  if (extension !== ".html" && extension !== ".png")
    throw new UserError("usage", `expected a file NAME.html or NAME.png, got "${file}" (--contact-sheet)`);
  await refuseOthers(file);
  const candidates: SheetCandidate[] = [];
  return {
    consider({ id, labels, reasons }, { ignore }) {
      const shapes = labels === undefined ? [] : [...labels.boxes, ...labels.points].map((shape) => shape.class);
      const strokes = [...new Set(labels?.strokes ?? [])].filter((value) => value !== ignore);
      candidates.push({ id, classes: [...new Set([...shapes, ...strokes])], fails: reasons.length > 0 });
    },
    async write(summary, examiner, dataset, context) {
      const chosen = chooseForSheet(candidates, most);
      const bytes = extension === ".html" ? page : picture;
      await writeAtomic(file, await bytes(chosen, summary, examiner, dataset, context));
    },
  };
}

/** Nothing of the user's is replaced: a photograph, a mask, a page of another origin. */
async function refuseOthers(file: string): Promise<void> {
  const bytes = await fs.readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new UserError("output", `cannot write the contact sheet: ${error.message}`);
  });
  if (bytes === undefined || bytes.includes(SHEET_MARK)) return;
  throw new UserError("output", `${file} exists and is no contact sheet: choose another name (--contact-sheet)`);
}

type Draw = (
  ids: readonly string[],
  summary: CheckSummary,
  examiner: Examiner,
  dataset: DatasetDescription,
  context: StepContext,
) => Promise<Uint8Array | string>;

const page: Draw = async (ids, summary, examiner, dataset, context) => {
  const figures: SheetFigure[] = [];
  for await (const { examined, named, rgb } of drawn(ids, examiner, dataset, context)) {
    const legend = examined.labels === undefined ? [] : weakLabelLegend(drawnLabels(examined), named);
    const { width, height } = rgb ?? { width: SIDE, height: 3 };
    const bytes =
      rgb &&
      (await sharp(rgb.data, { raw: { width, height, channels: 3 } })
        .webp({ quality: 78 })
        .toBuffer());
    const source = bytes === undefined ? undefined : `data:image/webp;base64,${bytes.toString("base64")}`;
    figures.push({ examined, width, height, source, legend });
  }
  return sheetPage(summary, figures, dataset);
};

const picture: Draw = async (ids, _, examiner, dataset, context) => {
  const cells = [];
  for await (const { examined, named, rgb } of drawn(ids, examiner, dataset, context)) {
    const blank = { width: SIDE, height: 4, data: new Uint8Array(SIDE * 4 * 3).fill(200) };
    const caption = examined.reasons.length > 0 ? `${examined.id} – fails` : examined.id;
    const legend = examined.labels === undefined ? [] : weakLabelLegend(drawnLabels(examined), named);
    cells.push({ picture: rgb ?? blank, caption, legend });
  }
  const grid = await pictureGrid(cells, { columns: Math.min(5, Math.max(1, cells.length)), width: SIDE });
  // The mark by which the next run knows that it may replace the file.
  return sharp(grid)
    .withExif({ IFD0: { Software: SHEET_MARK } })
    .png({ palette: true, compressionLevel: 9 })
    .toBuffer();
};

/** The chosen photographs one by one, drawn; `rgb` is undefined for one that cannot be read. */
async function* drawn(
  ids: readonly string[],
  examiner: Examiner,
  dataset: DatasetDescription,
  { reporter, signal }: StepContext,
): AsyncGenerator<{
  examined: Examined;
  named: DatasetDescription;
  rgb: Awaited<ReturnType<typeof weakLabelPicture>> | undefined;
}> {
  for (const [index, id] of ids.entries()) {
    if (signal?.aborted) break;
    reporter.progress({ done: index, total: ids.length, label: `${id} on the contact sheet` });
    const { photograph, ...examined } = await examiner.examine(id);
    const named = { ...dataset, classes: examined.classes };
    const rgb = photograph && (await weakLabelPicture(photograph.image, drawnLabels(examined), named, SIDE));
    const { width = 0, height = 0, orientation = 1 } = photograph?.image ?? {};
    const size = { width, height, orientation, data: new Uint8Array(0) };
    yield { examined: { ...examined, ...(photograph && { photograph: { ...photograph, image: size } }) }, named, rgb };
  }
  reporter.finish();
}

function drawnLabels({ labels }: Pick<Examined, "labels">): Parameters<typeof weakLabelPicture>[1] {
  return labels ?? { boxes: [], points: [] };
}

export interface SheetCandidate {
  readonly id: string;
  /** Class indices that its weak labels name. */
  readonly classes: readonly number[];
  readonly fails: boolean;
}

/** Photographs of every class that are chosen for its sake. */
const EACH = 3;

/** Those that would fail (at most half), then the first of every class, then the rest at even distances; in their order. */
export function chooseForSheet(candidates: readonly SheetCandidate[], most: number): string[] {
  const failing = candidates.filter(({ fails }) => fails).map(({ id }) => id);
  const room = candidates.length <= most ? failing.length : Math.max(1, Math.floor(most / 2));
  const chosen = new Set(failing.slice(0, room));
  const shown = new Map<number, number>();
  for (const { id, classes, fails } of candidates) {
    if (chosen.size >= most) break;
    if (fails || !classes.some((index) => (shown.get(index) ?? 0) < EACH)) continue;
    for (const index of classes) shown.set(index, (shown.get(index) ?? 0) + 1);
    chosen.add(id);
  }
  const rest = candidates.filter(({ id, fails }) => !fails && !chosen.has(id));
  const wanted = Math.min(rest.length, most - chosen.size);
  for (let i = 0; i < wanted; i++) chosen.add(rest[Math.floor((i * rest.length) / wanted)].id);
  return [
    ...failing.filter((id) => chosen.has(id)),
    ...candidates.filter(({ id, fails }) => !fails && chosen.has(id)).map(({ id }) => id),
  ];
}
