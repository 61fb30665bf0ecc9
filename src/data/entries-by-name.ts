/**
 * Entries of an annotation file that holds many photographs, found by a photograph's name: the same name, or the one that
 * a tool has made of it (a prefix, `%20`), which is said. Names that belong to none are told with the nearest.
 */

import { UserError } from "../errors";
import { cleanedName, extensionOf, lastPart, nearestNames, sameName } from "./file-names";

export interface EntriesByName<T> {
  /** As the file writes them, without folder and extension. */
  names(): IterableIterator<string>;
  has(id: string): boolean;
  /**
   * @returns undefined where the file does not name the photograph
   * @throws UserError "input" where several of its entries may be meant
   */
  find(id: string): { readonly entry: T; readonly notices: readonly string[] } | undefined;
  /** For the message of a photograph that is not named: what the file names instead; "" where it names none. */
  hint(id: string): string;
}

/**
 * @param entries with the path or address by which the file names each photograph
 * @param file for messages
 */
export function entriesByName<T>(entries: Iterable<readonly [path: string, entry: T]>, file: string): EntriesByName<T> {
  const exact = new Map<string, Named<T>[]>();
  const cleaned = new Map<string, Named<T>[]>();
  for (const [path, entry] of entries) {
    const name = nameOf(path);
    add(exact, sameName(name), { path, name, entry });
    add(cleaned, cleanedName(name), { path, name, entry });
  }
  return {
    *names() {
      for (const same of exact.values()) yield same[0].name;
    },
    has: (id) => exact.has(sameName(id)) || cleaned.has(cleanedName(id)),
    find(id) {
      const same = exact.get(sameName(id));
      if (same !== undefined) return { entry: only(same, id, file).entry, notices: [] };
      const alike = cleaned.get(cleanedName(id));
      if (alike === undefined) return undefined;
      const { name, entry } = only(alike, id, file);
      return { entry, notices: [`${file} names no image "${id}": its "${name}" is taken for it`] };
    },
    hint(id) {
      const near = nearestNames(id, this.names());
      const some = near.length > 0 ? near : [...this.names()].slice(0, 3);
      return some.length === 0
        ? ""
        : `; it names ${some.map((name) => `"${name}"`).join(", ")}${exact.size > some.length ? ", …" : ""}`;
    },
  };
}

interface Named<T> {
  readonly path: string;
  readonly name: string;
  readonly entry: T;
}

function add<T>(map: Map<string, Named<T>[]>, key: string, entry: Named<T>): void {
  const same = map.get(key);
  if (same === undefined) map.set(key, [entry]);
  else same.push(entry);
}

function only<T>(same: readonly Named<T>[], id: string, file: string): Named<T> {
  if (same.length === 1) return same[0];
  const paths = same.slice(0, 4).map(({ path }) => `"${path}"`);
  throw new UserError(
    "input",
    `expected one entry of image "${id}", got ${same.length}: ${paths.join(", ")}; give the photographs different names (${file})`,
  );
}

/** The name without folder and extension; addresses may have the path behind `?d=` (Label Studio's local files). */
function nameOf(path: string): string {
  const local = /[?&]d=([^&]+)/.exec(path)?.[1] ?? path;
  const name = lastPart(local.replace(/%2F/gi, "/"));
  const extension = extensionOf(name);
  return /^\.\w{1,5}$/.test(extension) ? name.slice(0, name.length - extension.length) : name;
}
