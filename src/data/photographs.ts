/** The photographs of a folder: which there are, under which names they are known, and which are left out and why. */

import fs from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors";
import { fileExists } from "./bounded-file";
import {
  extensionOf,
  isPhotograph,
  nearestNames,
  PHOTOGRAPH_EXTENSIONS,
  sameName,
  stemOf,
  UNREADABLE_EXTENSIONS,
  whyNotPlain,
} from "./file-names";

export interface Photographs {
  readonly folder: string;
  /** Names without extension, ascending: as the file system has them. */
  readonly ids: readonly string[];
  /** What is left out, with the count, for the user. */
  readonly notices: readonly string[];
}

/** File names that a notice lists. */
const MAX_NAMED = 8;

/** Names of photographs in `root/JPEGImages`, or in `root` itself where that is a plain folder of photographs. */
export async function listPhotographs(root: string): Promise<Photographs | undefined> {
  const folder = await photographFolder(root);
  if (folder === undefined) return undefined;
  const names = (await fs.readdir(folder)).sort();
  const byStem = new Map<string, string[]>();
  const unusable: string[] = [];
  for (const name of names.filter(isPhotograph)) {
    const reason = whyNotPlain(stemOf(name));
    if (reason !== undefined) unusable.push(`${shortened(name)}: ${reason}`);
    else byStem.set(sameName(stemOf(name)), [...(byStem.get(sameName(stemOf(name))) ?? []), name]);
  }
  const twins = [...byStem.values()].filter((files) => files.length > 1).map(byExtension);
  const kinds = names.filter((name) => UNREADABLE_EXTENSIONS.includes(extensionOf(name)) && !name.startsWith("."));
  return {
    folder,
    ids: [...byStem.values()].map((files) => stemOf(byExtension(files)[0])).sort(),
    notices: [
      ...leftOut(unusable, "for their names"),
      ...leftOut(
        twins.map(([used, ...others]) => `${others.join(" and ")} (${used} has the same name and is used)`),
        "as names must differ in more than the extension: rename them",
        twins.reduce((sum, files) => sum + files.length - 1, 0),
      ),
      ...leftOut(kinds, "as formats that cannot be read here: convert them to JPEG or PNG"),
    ],
  };
}

/** `root/JPEGImages`, or `root` where it holds photographs itself; undefined where neither is so. */
export async function photographFolder(root: string): Promise<string | undefined> {
  const usual = path.join(root, "JPEGImages");
  if (
    await fs.stat(usual).then(
      (entry) => entry.isDirectory(),
      () => false,
    )
  )
    return usual;
  const own = await fs.readdir(root).catch(() => []);
  return own.some(isPhotograph) ? root : undefined;
}

/**
 * The file of an image id in `root/JPEGImages`, or in `root` itself, whatever its extension, in upper or lower case, and
 * however its accents are written.
 * @throws UserError "input" where there is none, with the nearest names
 */
export async function findImage(root: string, id: string): Promise<string> {
  const folders = [path.join(root, "JPEGImages"), root];
  for (const folder of folders)
    for (const extension of [".jpg", ".jpeg", ".png"]) {
      const file = path.join(folder, id + extension);
      if (await fileExists(file)) return file;
    }
  for (const folder of folders) {
    const files = await photographsIn(folder);
    const names = files.get(sameName(id));
    if (names !== undefined) return path.join(folder, names[0]);
  }
  const near = nearestNames(id, [...(await photographsIn(folders[0])).keys(), ...(await photographsIn(root)).keys()]);
  const hint = near.length === 0 ? "" : `; near it: ${near.join(", ")}`;
  throw new UserError(
    "input",
    `no image "${id}" (${PHOTOGRAPH_EXTENSIONS.join(", ")}) in the folder ${folders[0]}${hint}`,
  );
}

/** File names of a folder by the stem that they are known by; kept until the folder changes. */
async function photographsIn(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const entry = await fs.stat(folder).catch(() => undefined);
  if (entry === undefined || !entry.isDirectory()) return new Map();
  const known = lists.get(folder);
  if (known !== undefined && known.changed === entry.mtimeMs) return known.files;
  const files = new Map<string, string[]>();
  for (const name of (await fs.readdir(folder)).filter(isPhotograph)) {
    const stem = sameName(stemOf(name));
    files.set(stem, byExtension([...(files.get(stem) ?? []), name]));
  }
  lists.set(folder, { changed: entry.mtimeMs, files });
  return files;
}

const lists = new Map<string, { changed: number; files: ReadonlyMap<string, readonly string[]> }>();

/** The order in which files of one stem are preferred. */
function byExtension(names: readonly string[]): string[] {
  const order = (name: string): number => PHOTOGRAPH_EXTENSIONS.indexOf(extensionOf(name));
  return [...names].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
}

function leftOut(names: readonly string[], why: string, count: number = names.length): string[] {
  if (count === 0) return [];
  const more = names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : "";
  return [
    `${count} photograph${count === 1 ? "" : "s"} left out ${why}: ${names.slice(0, MAX_NAMED).join(", ")}${more}`,
  ];
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 40)}…${name.slice(-16)}` : name;
}
