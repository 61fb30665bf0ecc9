/**
 * Labels on disk: `Labels/NAME.png`, `Labels/checked.txt` with the photographs that a person called right (an image list
 * as the steps read it), and a record of what was written here. A label whose bytes are not in the record was made
 * elsewhere, and is replaced only when somebody asks for it.
 */

import fs from "node:fs/promises";
import type { Colour } from "../data/dataset";
import { parseImageList } from "../data/image-list";
import { parseJson } from "../data/json";
import { decodeLabel, encodeLabel, type LabelMap } from "../data/label-png";
import { type ContainedFolder, digest } from "./contained-folder";

export const LABEL_FOLDER = "Labels";
const CHECKED_FILE = "checked.txt";
const RECORD_FILE = ".annotate.json";

export interface LabelOnDisk {
  readonly label: LabelMap;
  /** Changes with the file's bytes. */
  readonly version: string;
  /** Whether something other than this program wrote it. */
  readonly foreign: boolean;
  /** Revision of the shapes that it was made from; undefined for a foreign one. */
  readonly shapes?: string;
}

/** What is remembered of each label that was written here. */
interface LabelRecord {
  /** Digests of the file: the newest, and the one before it, in case a write was cut short. */
  readonly written: readonly string[];
  readonly shapes: string;
  readonly doubt: number;
}

export interface LabelFiles {
  /** Names of photographs that have a label. */
  names(): Promise<ReadonlySet<string>>;
  checked(): Promise<ReadonlySet<string>>;
  doubtOf(name: string): number | undefined;
  read(name: string): Promise<LabelOnDisk | undefined>;
  /** Whether something other than this program wrote the label; false where there is none. */
  isForeign(name: string): Promise<boolean>;
  /** Whether the label was made here from shapes of this revision, or elsewhere: then there is nothing to make. */
  isSettled(name: string, shapes: string): Promise<boolean>;
  /** @returns false, with nothing written, where a foreign label is there and may not be replaced */
  write(name: string, label: LabelMap, shapes: string, doubt: number, replaceForeign: boolean): Promise<boolean>;
  setChecked(name: string, checked: boolean): Promise<void>;
}

/** @param palette read at each write, since classes are added and coloured while the page is open */
export async function openLabelFiles(folder: ContainedFolder, palette: () => readonly Colour[]): Promise<LabelFiles> {
  const records = await readRecords(folder);
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
  const readChecked = async (): Promise<Set<string>> => {
    const text = (await folder.readIfThere(LABEL_FOLDER, CHECKED_FILE))?.toString("utf8") ?? "";
    return text.trim() === "" ? new Set() : new Set(parseImageList(text, `${LABEL_FOLDER}/${CHECKED_FILE}`).ids);
  };
  const bytesOf = (name: string): Promise<Buffer | undefined> => folder.readIfThere(LABEL_FOLDER, `${name}.png`);
  const isForeign = (name: string, bytes: Uint8Array): boolean => !records.get(name)?.written.includes(digest(bytes));
  return {
    async names() {
      const files = await folder.names(LABEL_FOLDER);
      return new Set(files.flatMap((file) => (/^[^.].*\.png$/i.test(file) ? [file.slice(0, -4)] : [])));
    },
    checked: readChecked,
    doubtOf: (name) => records.get(name)?.doubt,
    async read(name) {
      const bytes = await bytesOf(name);
      if (bytes === undefined) return undefined;
      const label = decodeLabel(bytes, `${LABEL_FOLDER}/${name}.png`);
      const foreign = isForeign(name, bytes);
      return { label, version: digest(bytes), foreign, ...(foreign ? {} : { shapes: records.get(name)?.shapes }) };
    },
    async isForeign(name) {
      const bytes = await bytesOf(name);
      return bytes !== undefined && isForeign(name, bytes);
    },
    async isSettled(name, shapes) {
      const bytes = await bytesOf(name);
      return bytes !== undefined && (isForeign(name, bytes) || records.get(name)?.shapes === shapes);
    },
    write: (name, label, shapes, doubt, replaceForeign) =>
      inTurn(async () => {
        const before = await bytesOf(name);
        if (before !== undefined && isForeign(name, before) && !replaceForeign) return false;
        const bytes = encodeLabel(label, palette());
        // The record first: killed in between, the old label is still known as ours, and is made again.
        const old = before === undefined ? [] : [digest(before)];
        records.set(name, { written: [digest(bytes), ...old], shapes, doubt });
        await folder.write([LABEL_FOLDER, RECORD_FILE], `${JSON.stringify(Object.fromEntries(records), null, 1)}\n`);
        await folder.write([LABEL_FOLDER, `${name}.png`], bytes);
        return true;
      }),
    setChecked: (name, checked) =>
      inTurn(async () => {
        const names = await readChecked();
        if (names.has(name) === checked) return;
        if (checked) names.add(name);
        else names.delete(name);
        const text = [...names].sort().map((each) => `${each}\n`);
        if (text.length > 0) await folder.write([LABEL_FOLDER, CHECKED_FILE], text.join(""));
        else await fs.rm(await folder.locate(LABEL_FOLDER, CHECKED_FILE), { force: true });
      }),
  };
}

/** A record that is damaged is as good as none: its labels count as foreign, which loses nothing. */
async function readRecords(folder: ContainedFolder): Promise<Map<string, LabelRecord>> {
  const records = new Map<string, LabelRecord>();
  try {
    const text = (await folder.readIfThere(LABEL_FOLDER, RECORD_FILE))?.toString("utf8") ?? "{}";
    for (const [name, value] of Object.entries(parseJson(text) as Record<string, Partial<LabelRecord>>)) {
      const { written, shapes, doubt } = value;
      if (Array.isArray(written) && typeof shapes === "string" && typeof doubt === "number")
        records.set(name, { written, shapes, doubt });
    }
  } catch {
    records.clear();
  }
  return records;
}
