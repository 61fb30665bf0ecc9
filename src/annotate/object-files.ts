/**
 * Masks of the objects that boxes name, beside the labels: `Labels/instances/` holds `SegmentationObject/NAME.png` and
 * `coco/NAME.json` as `make-pseudo-labels --instances` writes them. A file that something else has made or changed stays.
 */

import fs from "node:fs/promises";
import { parseJson } from "../data/json";
import { checkInstanceFile, type InstanceFile } from "../instances/instance-file";
import { type ContainedFolder, digest } from "./contained-folder";
import { LABEL_FOLDER } from "./label-files";

export interface LabelledObjects {
  /** VOC's `SegmentationObject` as PNG; absent where there are more objects than it can number. */
  readonly picture?: Uint8Array;
  readonly file: InstanceFile;
}

export interface ObjectFiles {
  read(name: string): Promise<LabelledObjects | undefined>;
  /**
   * Writes the objects of a label that was written; without any, those of an earlier label go.
   * @returns false, with nothing changed, where a file in their place was made elsewhere
   */
  write(name: string, objects: LabelledObjects | undefined): Promise<boolean>;
}

/** Digests of the files as written here: the newest, and the one before it, in case a write was cut short. */
type Records = Record<string, readonly string[]>;

const FOLDER = "instances";
const RECORD_FILE = ".annotate.json";

export async function openObjectFiles(folder: ContainedFolder): Promise<ObjectFiles> {
  const records = await readRecords(folder);
  let turn: Promise<unknown> = Promise.resolve();
  const read = (...parts: readonly string[]): Promise<Buffer | undefined> =>
    folder.readIfThere(LABEL_FOLDER, FOLDER, ...parts);

  const write = async (name: string, objects: LabelledObjects | undefined): Promise<boolean> => {
    const text = objects === undefined ? undefined : `${JSON.stringify(objects.file)}\n`;
    // COCO's file last: it says that the other is there.
    const wanted: readonly (readonly [string, string, Uint8Array | string | undefined])[] = [
      ["SegmentationObject", `${name}.png`, objects?.picture],
      ["coco", `${name}.json`, text],
    ];
    const before = await Promise.all(wanted.map(([kind, file]) => read(kind, file)));
    const isForeign = (bytes: Buffer | undefined, index: number): boolean => {
      const [kind, file] = wanted[index];
      return bytes !== undefined && !records[`${kind}/${file}`]?.includes(digest(bytes));
    };
    if (before.some(isForeign)) return false;
    for (const [index, [kind, file, bytes]] of wanted.entries()) {
      const old = before[index];
      if (bytes === undefined) {
        if (old !== undefined) await fs.rm(await folder.locate(LABEL_FOLDER, FOLDER, kind, file), { force: true });
        continue;
      }
      records[`${kind}/${file}`] = [digest(Buffer.from(bytes)), ...(old === undefined ? [] : [digest(old)])];
      await folder.write([LABEL_FOLDER, FOLDER, RECORD_FILE], `${JSON.stringify(records, null, 1)}\n`);
      await folder.write([LABEL_FOLDER, FOLDER, kind, file], bytes);
    }
    return true;
  };

  return {
    async read(name) {
      const text = await read("coco", `${name}.json`);
      if (text === undefined) return undefined;
      const file = checkInstanceFile(parseJson(text.toString("utf8")), `${LABEL_FOLDER}/${FOLDER}/coco/${name}.json`);
      const picture = await read("SegmentationObject", `${name}.png`);
      return { file, ...(picture === undefined ? {} : { picture }) };
    },
    write(name, objects) {
      const result = turn.then(() => write(name, objects));
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

/** A record that is damaged is as good as none: its files count as made elsewhere, which loses nothing. */
async function readRecords(folder: ContainedFolder): Promise<Records> {
  try {
    const text = (await folder.readIfThere(LABEL_FOLDER, FOLDER, RECORD_FILE))?.toString("utf8") ?? "{}";
    const entries = Object.entries(parseJson(text) as Record<string, unknown>);
    return Object.fromEntries(entries.filter((entry): entry is [string, string[]] => Array.isArray(entry[1])));
  } catch {
    return {};
  }
}
