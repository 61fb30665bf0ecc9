/** Classes added, renamed and coloured from the page, kept in `dataset.json`: indices never move, old names become aliases. */

import { checkDataset, type DatasetDescription, readDataset } from "../data/dataset";
import { parseJson, shown } from "../data/json";
import { vocPalette } from "../data/voc";
import { expected, UserError } from "../errors";
import { withoutControls } from "../shown-text";
import { type ContainedFolder, digest } from "./contained-folder";
import type { ClassEntry } from "./protocol";

const FILE = "dataset.json";

/** `dataset.json` is not what the changed list was made from. */
export class ClassesChanged extends Error {}

export interface ClassList {
  readonly dataset: DatasetDescription;
  readonly revision: string;
}

export async function readClassList(folder: ContainedFolder): Promise<ClassList> {
  const bytes = await folder.readIfThere(FILE);
  return { dataset: await readDataset(folder.root), revision: digest(bytes) };
}

/**
 * Writes `dataset.json` with these foreground classes where there is none yet.
 * @throws UserError "usage" where there is one that says otherwise
 */
export async function beginClassList(folder: ContainedFolder, names: readonly string[]): Promise<void> {
  const { dataset, revision } = await readClassList(folder);
  const classes = ["background", ...names];
  if (revision === digest(undefined)) {
    const value = { classes, palette: vocPalette(classes.length), ignore: 255 };
    checkDataset(value, "--classes");
    await folder.write([FILE], `${JSON.stringify(value, null, 2)}\n`);
  } else if (dataset.classes.join("\n") !== classes.join("\n"))
    throw new UserError(
      "usage",
      `--classes is for a folder without ${FILE}; this one has ${dataset.classes.slice(1).join(", ")} (${folder.root})`,
    );
}

export function classEntries({ classes, palette }: DatasetDescription): ClassEntry[] {
  return classes.map((name, index) => ({ name, colour: palette[index] }));
}

/** @throws ClassesChanged; UserError "input" for a list that leaves out classes, repeats a name, or has no colour */
export async function writeClassList(folder: ContainedFolder, base: string, classes: unknown): Promise<ClassList> {
  const { dataset, revision } = await readClassList(folder);
  if (revision !== base) throw new ClassesChanged("the list of classes was changed elsewhere");
  const entries = checkEntries(classes, dataset.classes.length);
  const names = entries.map(({ name }) => name);
  const aliases: Record<string, string> = {};
  for (const [alias, name] of Object.entries(dataset.aliases ?? {}))
    aliases[alias] = names[dataset.classes.indexOf(name)];
  for (const [index, old] of dataset.classes.entries()) if (old !== names[index]) aliases[old] = names[index];
  for (const name of names) delete aliases[name];
  const bytes = await folder.readIfThere(FILE);
  const others = bytes === undefined ? {} : (parseJson(bytes.toString("utf8")) as object);
  const palette = [...entries.map(({ colour }) => colour), ...dataset.palette.slice(entries.length)];
  const value = {
    ...others,
    classes: names,
    palette: palette.slice(0, Math.max(entries.length, 1)),
    ignore: dataset.ignore,
    ...(Object.keys(aliases).length > 0 ? { aliases } : { aliases: undefined }),
  };
  checkDataset(value, FILE);
  await folder.write([FILE], `${JSON.stringify(value, null, 2)}\n`);
  return readClassList(folder);
}

function checkEntries(classes: unknown, least: number): ClassEntry[] {
  if (!Array.isArray(classes) || classes.length < least || classes.length > 255)
    throw expected(
      "input",
      `a list of ${least} to 255 classes`,
      Array.isArray(classes) ? `${classes.length}` : "none",
      FILE,
    );
  return classes.map((entry: Partial<ClassEntry> | null, index) => {
    const name = typeof entry?.name === "string" ? entry.name.trim() : "";
    if (name === "" || name.length > 100 || withoutControls(name) !== name)
      throw expected("input", "a name of 1 to 100 characters, none of them a control", shown(name), `class ${index}`);
    if (index === 0 && name !== "background") throw expected("input", '"background" as class 0', `"${name}"`, FILE);
    return { name, colour: entry?.colour as ClassEntry["colour"] };
  });
}
