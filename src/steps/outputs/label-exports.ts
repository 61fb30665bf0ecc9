/**
 * The labels of a folder in the formats of other tools, `--export`: made at the end of a run of all labels that there are,
 * corrected ones among them, one in memory at a time.
 */

import path from "node:path";
import { type ExportedFile, exportFiles, type LabelledFile } from "../../annotate/export-files";
import type { ExportFormat } from "../../annotate/protocol";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { hashBytes, hashFile } from "../../data/file-hash";
import { readFittedLabel } from "../../data/fitted-label";
import { findImage } from "../../data/image";
import { openFolder } from "./output-folder";
import type { OutputKeeper } from "./output-keeper";

export interface ExportConfig {
  /** Without it photographs are taken for JPEG. */
  readonly voc12Root?: string;
  readonly savePath: string;
  readonly export?: readonly string[];
  readonly exportDir?: string;
}

/** What `--export` calls the formats of the page. */
const FORMATS: Readonly<Record<string, ExportFormat>> = {
  coco: "coco-polygons",
  "coco-rle": "coco-rle",
  "yolo-seg": "yolo",
  labelme: "labelme",
  voc: "voc",
};

/** Where an export goes. */
function exportFolders({ savePath, export: formats = [], exportDir }: ExportConfig): string[] {
  return formats.map((format) => path.join(exportDir ?? path.join(savePath, "exports"), format));
}

/**
 * @param ids the whole list: images without a label are left out
 * @returns what was written, as a sentence a format
 * @throws UserError "output"
 */
export async function exportLabels(
  config: ExportConfig,
  ids: readonly string[],
  dataset: DatasetDescription,
  keeper: OutputKeeper,
): Promise<string[]> {
  const { export: formats = [] } = config;
  if (formats.length === 0) return [];
  const labelled = new Set<string>();
  for (const id of ids) if (await fileExists(labelFile(config, id))) labelled.add(id);
  const said: string[] = [];
  for (const [index, folder] of exportFolders(config).entries()) {
    let files = 0;
    for await (const file of exportFiles(FORMATS[formats[index]], labelsOf(config, labelled, dataset), dataset)) {
      await openFolder(path.dirname(path.join(folder, file.path)));
      if (await writeExport(folder, file, config, labelled, keeper)) files++;
    }
    said.push(
      `${formats[index]}: ${labelled.size} label${labelled.size === 1 ? "" : "s"} in ${folder}, ${files} file${files === 1 ? "" : "s"} written`,
    );
  }
  return said;
}

// --- internal ---

function labelFile({ savePath }: ExportConfig, id: string): string {
  return path.join(savePath, `${id}.png`);
}

async function* labelsOf(
  config: ExportConfig,
  ids: Iterable<string>,
  dataset: DatasetDescription,
): AsyncGenerator<LabelledFile> {
  const { voc12Root } = config;
  for (const name of ids) {
    const label = await readFittedLabel(labelFile(config, name), undefined, dataset, "label");
    const file = voc12Root === undefined ? `${name}.jpg` : path.basename(await findImage(voc12Root, name));
    yield { name, file, label };
  }
}

/** A file of one image is made of its label, one of many images of all labels. */
async function writeExport(
  folder: string,
  { path: name, bytes }: ExportedFile,
  config: ExportConfig,
  ids: ReadonlySet<string>,
  keeper: OutputKeeper,
): Promise<boolean> {
  const stem = path.posix.basename(name).replace(/\.[^.]+$/, "");
  const own = ids.has(stem) ? stem : undefined;
  const hashes = await Promise.all((own === undefined ? [...ids] : [own]).map((id) => hashFile(labelFile(config, id))));
  const origin = { settings: {}, inputs: { labels: hashBytes(JSON.stringify(hashes)) } };
  const file = path.join(folder, ...name.split("/"));
  if (own !== undefined && (await keeper.stateOf(own, file, async () => origin)) === "current") return false;
  return keeper.write(own ?? "", file, bytes, origin);
}
