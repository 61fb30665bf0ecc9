/** Stand-ins for Python's own functions and classes that occur among weights: plain data, no behaviour. */

import { UserError } from "../errors";
import type { PickleObject, PickleRules, PickleValue } from "./pickle";

/** A stand-in for a function or class. */
export function callable(
  name: string,
  call: (args: readonly PickleValue[], charge: (elements: number) => void) => PickleValue,
): PickleObject {
  return { kind: name, call };
}

/** Rules that know the given names and nothing else. */
export function rulesOf(...tables: readonly ReadonlyMap<string, PickleObject>[]): PickleRules {
  return { global: (name) => tables.find((table) => table.has(name))?.get(name) };
}

/** What is wrong in a stand-in's arguments; the caller of `unpickle` does not see where, so the file is not named here. */
export function malformed(what: string): UserError {
  return new UserError("weights", `not a readable pickle: ${what}`);
}

/** dict, OrderedDict, defaultdict: from nothing or from pairs. */
const dictionary =
  (pairsAt: number): NonNullable<PickleObject["call"]> =>
  (args, charge) => {
    const pairs = args[pairsAt] ?? [];
    if (pairs instanceof Map) return pairs;
    if (!Array.isArray(pairs)) throw malformed("a dictionary of something else than pairs");
    charge(pairs.length);
    return new Map(
      pairs.map((pair) => {
        if (!Array.isArray(pair) || pair.length !== 2) throw malformed("a dictionary of something else than pairs");
        return [pair[0], pair[1]];
      }),
    );
  };

/** list, tuple, set, …: the sequence itself, not a copy. */
const sequence: NonNullable<PickleObject["call"]> = ([items = []]) => {
  if (!Array.isArray(items)) throw malformed("a list of something else than a list");
  return items;
};

/** Bytes as protocols 0 to 2 write them: text of which each character is a byte. */
const encode: NonNullable<PickleObject["call"]> = ([text, encoding], charge) => {
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1"))
    throw malformed("bytes that are no latin1 text");
  charge(text.length / 32);
  return Buffer.from(text, "latin1");
};

/** Things that carry no weights: kept as a note of what they were. */
const remark =
  (kind: string): NonNullable<PickleObject["call"]> =>
  () => ({ kind, setState: () => undefined });

const inBuiltins: Readonly<Record<string, NonNullable<PickleObject["call"]>>> = {
  dict: dictionary(0),
  list: sequence,
  tuple: sequence,
  set: sequence,
  frozenset: sequence,
  complex: remark("complex"),
  slice: remark("slice"),
  bytearray: ([content = new Uint8Array(0), encoding], charge) =>
    content instanceof Uint8Array ? content : encode([content, encoding], charge),
  bytes: ([content = new Uint8Array(0)]) => {
    if (!(content instanceof Uint8Array)) throw malformed("bytes of something else");
    return content;
  },
};

export const pythonGlobals: ReadonlyMap<string, PickleObject> = new Map(
  Object.entries<NonNullable<PickleObject["call"]>>({
    ...Object.fromEntries(Object.entries(inBuiltins).map(([name, call]) => [`builtins.${name}`, call])),
    ...Object.fromEntries(Object.entries(inBuiltins).map(([name, call]) => [`__builtin__.${name}`, call])),
    "collections.OrderedDict": dictionary(0),
    "collections.defaultdict": dictionary(1),
    "collections.Counter": dictionary(0),
    "_codecs.encode": encode,
    "argparse.Namespace": remark("argparse.Namespace"),
    "pathlib.PosixPath": remark("pathlib.PosixPath"),
    "pathlib.WindowsPath": remark("pathlib.WindowsPath"),
  }).map(([name, call]) => [name, callable(name, call)]),
);
