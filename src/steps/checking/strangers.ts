/** What belongs to no photograph of the folder: files of annotations, names in image lists. Often a misspelt name. */

import fs from "node:fs/promises";
import path from "node:path";
import { extensionOf, nearestNames, sameName } from "../../data/file-names";
import { FORMAT_NAMES, findAnnotations } from "../../data/find-annotations";
import { readImageList } from "../../data/image-list";
import { messageOf } from "../../errors";

/** Names that a sentence lists. */
const MAX_NAMED = 5;

/** Files that have a photograph's place but no photograph. @param masks folder of true labels */
export async function strayFiles(root: string, ids: readonly string[], masks: string): Promise<string[]> {
  const places: { name: string; folder: string; extensions: readonly string[] }[] = [
    { name: "true labels", folder: masks, extensions: [".png"] },
  ];
  for (const { format, path: folder, files } of await findAnnotations(root)) {
    if (files === undefined || path.resolve(folder) === path.resolve(root)) continue;
    if (path.basename(folder) === "JPEGImages") continue;
    const extensions = EXTENSIONS[format];
    if (extensions !== undefined) places.push({ name: FORMAT_NAMES[format], folder, extensions });
  }
  const known = new Set(ids.map(sameName));
  const said: string[] = [];
  for (const { name, folder, extensions } of places) {
    const files = await fs.readdir(folder).catch(() => []);
    const stray = files.filter((file) => {
      const extension = extensionOf(file);
      return extensions.includes(extension) && !file.startsWith(".") && !NO_LABELS.has(file) && !known.has(stem(file));
    });
    if (stray.length === 0) continue;
    const where = path.relative(root, folder) || ".";
    said.push(`${counted(stray.length, "file")} of ${name} in ${where} without a photograph: ${some(stray, ids)}`);
  }
  return said;
}

/** Image lists of the folder that name photographs which are not in it, or that cannot be read. */
export async function strayListNames(root: string, ids: readonly string[]): Promise<string[]> {
  const folder = path.join(root, "ImageSets", "Segmentation");
  const lists = (await fs.readdir(folder).catch(() => [])).filter((name) => name.endsWith(".txt")).sort();
  const known = new Set(ids.map(sameName));
  const said: string[] = [];
  for (const list of lists) {
    try {
      const missing = (await readImageList(list, root)).ids.filter((id) => !known.has(sameName(id)));
      if (missing.length > 0)
        said.push(`${list} names ${counted(missing.length, "photograph")} not in the folder: ${some(missing, ids)}`);
    } catch (error) {
      said.push(`${list} cannot be read: ${messageOf(error)}`);
    }
  }
  return said;
}

const EXTENSIONS: Readonly<Partial<Record<string, readonly string[]>>> = {
  voc: [".xml"],
  labelme: [".json"],
  yolo: [".txt"],
  scribbles: [".txt", ".xml", ".png"],
};

/** Text files that tools put beside YOLO's labels. */
const NO_LABELS: ReadonlySet<string> = new Set(["classes.txt", "train.txt", "val.txt", "test.txt", "notes.json"]);

function stem(file: string): string {
  return sameName(file.slice(0, file.length - extensionOf(file).length));
}

/** The first few, each with the photograph that it may mean. */
function some(names: readonly string[], ids: readonly string[]): string {
  const listed = names.slice(0, MAX_NAMED).map((name) => {
    const [near] = nearestNames(stem(name), ids);
    return near === undefined ? name : `${name} (${near}?)`;
  });
  return listed.join(", ") + (names.length > MAX_NAMED ? ", …" : "");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
