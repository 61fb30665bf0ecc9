/**
 * Where a step may write: never into a folder that it reads, however the path is written, and never two kinds of file
 * under one name. Tried before any work is done.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { flagOf, type Option, type OptionTable } from "../../config/option";
import { photographFolder } from "../../data/photographs";
import { UserError } from "../../errors";

/** A folder that files of the images' names go to. */
export interface OutputPlace {
  /** Key of the option that names it. */
  readonly option: string;
  readonly folder: string;
  /** Of its files: `.png`. */
  readonly extension: string;
  /** Folders of the data set that it may be nevertheless, as nothing is read from them in this run. */
  readonly allowed?: readonly string[];
}

/** Folders that hold what people have made, in a data folder of VOC's layout. */
const PEOPLES = [
  "JPEGImages",
  "Annotations",
  "SegmentationClass",
  "SegmentationObject",
  "Scribbles",
  "ImageSets/Segmentation",
] as const;

/**
 * @param config of which every other option of kind "path" is an input
 * @throws UserError "usage" for an output folder that is an input, or where two outputs would fall onto one another
 */
export async function checkPlaces<C extends { readonly voc12Root: string }>(
  outputs: readonly OutputPlace[],
  config: C,
  table: OptionTable<C>,
  otherOutputs: readonly string[] = [],
): Promise<void> {
  const written = new Set([...outputs.map(({ option }) => option), ...otherOutputs]);
  const inputs = await inputsOf(config, table, written);
  const seen = new Map<string, OutputPlace>();
  for (const output of outputs) {
    const place = await realPath(output.folder);
    const flag = `--${flagOf(output.option)}`;
    const input = inputs.find(({ real, name }) => real === place && !output.allowed?.includes(name));
    if (input !== undefined)
      throw new UserError(
        "usage",
        `${flag} ${output.folder} is ${input.what}: nothing is written there; name another folder, e.g. ${flag} out/NAME`,
      );
    const other = seen.get(`${place}\0${output.extension}`);
    if (other !== undefined)
      throw new UserError(
        "usage",
        `${flag} and --${flagOf(other.option)} are the same folder, ${output.folder}, and both write NAME${output.extension}: name two folders`,
      );
    seen.set(`${place}\0${output.extension}`, output);
  }
}

// --- internal ---

interface InputPlace {
  readonly name: string;
  readonly what: string;
  readonly real: string;
}

async function inputsOf<C extends { readonly voc12Root: string }>(
  config: C,
  table: OptionTable<C>,
  written: ReadonlySet<string>,
): Promise<InputPlace[]> {
  const places: Omit<InputPlace, "real">[] = [];
  const folders: string[] = [];
  const add = (name: string, what: string, folder: string): void => {
    places.push({ name, what });
    folders.push(folder);
  };
  const photographs = await photographFolder(config.voc12Root);
  if (photographs !== undefined) add("photographs", "the folder of the photographs", photographs);
  for (const name of PEOPLES) add(name, `${name} of the data folder`, path.join(config.voc12Root, ...name.split("/")));
  for (const [key, option] of Object.entries(table as Record<string, Option<unknown>>)) {
    const value = (config as Record<string, unknown>)[key];
    if (option.kind !== "path" || typeof value !== "string" || key === "voc12Root" || written.has(key)) continue;
    add(key, `read as --${flagOf(key)}`, value);
  }
  const real = await Promise.all(folders.map(realPath));
  return places.map((place, i) => ({ ...place, real: real[i] }));
}

/** A path without links and dots, of a folder that need not exist yet; spelled as the disk has it. */
async function realPath(folder: string): Promise<string> {
  const whole = path.resolve(folder);
  const found = await fs.realpath(whole).catch(() => undefined);
  if (found !== undefined) return found;
  const parent = path.dirname(whole);
  return parent === whole ? whole : path.join(await realPath(parent), path.basename(whole));
}
