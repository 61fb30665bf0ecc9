/** Writes the report of `learn`: reads the pictures that it shows, and leaves the text to learn-page.ts. */

import path from "node:path";
import sharp from "sharp";
import { writeAtomic } from "../atomic-write";
import type { LearnConfig } from "../config/learn";
import type { DatasetDescription } from "../data/dataset";
import { findImage, readRgb } from "../data/image";
import { readLabel } from "../data/label-png";
import type { ImageFailure } from "../running/step";
import { overlayPicture } from "../show/overlay";
import type { ClassFinding, NextLabel } from "./class-findings";
import type { Finding, JointLabels } from "./joint-labels";
import { type LearnPicture, learnPage } from "./learn-page";
import type { Plan } from "./plan";
import type { Survey } from "./survey";

export interface LearnOutcome {
  readonly survey: Survey;
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  readonly classes: readonly ClassFinding[];
  readonly next: readonly NextLabel[];
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly failed: readonly ImageFailure[];
  readonly folders: JointLabels;
}

/** Width of a picture in the report, pixels. */
const WIDTH = 240;

/** @returns the HTML file */
export async function writeReport(
  { survey, plan, findings, classes, next, stages, failed, folders }: LearnOutcome,
  { out, voc12Root, pictures, model }: LearnConfig,
  dataset: DatasetDescription,
): Promise<string> {
  const file = path.join(out, "report.html");
  const show = async (chosen: readonly Finding[]): Promise<LearnPicture[]> => {
    const shown: LearnPicture[] = [];
    for (const finding of chosen) shown.push(await pictureOf(finding, voc12Root, folders, dataset));
    return shown;
  };
  const doubtful = [...findings].sort((a, b) => b.doubt - a.doubt || (a.id < b.id ? -1 : 1));
  const labelled = survey.photographs.filter(({ kind }) => kind !== undefined).length;
  const html = learnPage({
    title: `${path.basename(path.resolve(voc12Root))}: ${findings.length} photographs labelled`,
    facts: [
      `${labelled} of ${survey.photographs.length} photographs have a weak label.`,
      `${model} learned from them in ${plan.networkSteps} steps of ${plan.batchSize} crops of ${plan.cropSize} pixels${plan.rounds > 1 ? `, ${plan.rounds} rounds` : ""}.`,
      `Labels: ${folders.labels}`,
    ],
    stages,
    classes: classes.map((each) => ({ ...each, colour: dataset.palette[each.value] })),
    next: await show(next.slice(0, pictures).map(({ finding }) => finding)),
    doubtful: await show(doubtful.slice(0, pictures)),
    failed,
    command: `a2gnn annotate ${voc12Root} --list ${path.join(out, "next.txt")}`,
  });
  await writeAtomic(file, html);
  return file;
}

// --- internal ---

const KINDS = { box: "boxes", point: "clicks", scribble: "strokes" } as const;

async function pictureOf(
  { id, kind, doubt, region }: Finding,
  root: string,
  folders: JointLabels,
  dataset: DatasetDescription,
): Promise<LearnPicture> {
  const image = await readRgb(await findImage(root, id));
  const label = await readLabel(path.join(folders.labels, `${id}.png`));
  const { width, height } = image;
  const pixels = (data: Uint8Array): sharp.Sharp => sharp(data, { raw: { width, height, channels: 3 } });
  const frame = Math.max(2, Math.round(width / 120));
  const marked =
    region === undefined
      ? undefined
      : Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect x="${region.xmin}" y="${region.ymin}" width="${region.xmax - region.xmin + 1}" height="${region.ymax - region.ymin + 1}" fill="none" stroke="#fff" stroke-width="${2 * frame}"/><rect x="${region.xmin}" y="${region.ymin}" width="${region.xmax - region.xmin + 1}" height="${region.ymax - region.ymin + 1}" fill="none" stroke="#d2453f" stroke-width="${frame}"/></svg>`,
        );
  const photograph = marked === undefined ? pixels(image.data) : pixels(image.data).composite([{ input: marked }]);
  return {
    id,
    weakLabel: kind === undefined ? "no weak label" : KINDS[kind],
    doubt,
    photograph: await uriOf(await photograph.png().toBuffer()),
    label: await uriOf(
      await pixels(overlayPicture(image, label, dataset, { opacity: 0.65 }).data)
        .png()
        .toBuffer(),
    ),
  };
}

async function uriOf(picture: Buffer): Promise<string> {
  const small = await sharp(picture)
    .resize({ width: WIDTH, withoutEnlargement: true })
    .jpeg({ quality: 78 })
    .toBuffer();
  return `data:image/jpeg;base64,${small.toString("base64")}`;
}
