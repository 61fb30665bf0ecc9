/** Stand-ins for Python's own functions and classes that occur among weights: plain data, no behaviour. */

import type { PickleObject, PickleRules } from "./pickle";

/** What a stand-in for a function or class does. */
export type Call = NonNullable<PickleObject["call"]>;

/** Stand-ins by their full names. */
export function callables(calls: Readonly<Record<string, Call>>): ReadonlyMap<string, PickleObject> {
  return new Map(Object.entries(calls).map(([name, call]) => [name, { kind: "function", call }]));
}

/** Rules that accept the given names only. */
export function rulesOf(...tables: readonly ReadonlyMap<string, PickleObject>[]): PickleRules {
  return { global: (name) => tables.find((table) => table.has(name))?.get(name) };
}

/** dict, OrderedDict, defaultdict: from nothing or from pairs. */
const dictionary =
  (pairsAt: number): Call =>
  (args, { charge, fail }) => {
    const pairs = args[pairsAt] ?? [];
    if (pairs instanceof Map) return pairs;
    if (!Array.isArray(pairs)) throw fail("a dictionary of something else than pairs");
    charge(pairs.length);
    return new Map(
      pairs.map((pair) => {
        if (!Array.isArray(pair) || pair.length !== 2) throw fail("a dictionary of something else than pairs");
        return [pair[0], pair[1]];
      }),
    );
  };

/** list, tuple, set, …: the sequence itself, not a copy. */
const sequence: Call = ([items = []], { fail }) => {
  if (!Array.isArray(items)) throw fail("a list of something else than a list");
  return items;
};

/** Bytes as protocols 0 to 2 write them: text of which each character is a byte. */
const encode: Call = ([text, encoding], { charge, fail }) => {
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1"))
    throw fail("bytes that are no latin1 text");
  charge(text.length / 32);
  return Buffer.from(text, "latin1");
};

/** Things that carry no weights: kept as a note of what they were. */
const remark =
  (kind: string): Call =>
  () => ({ kind, setState: () => undefined });

/** Classes of such things: options, dates and paths (which Python 3.13 moved), versions. */
const HARMLESS: readonly string[] = [
  "argparse.Namespace",
  "types.SimpleNamespace",
  "copyreg._reconstructor",
  "copy_reg._reconstructor",
  ...["date", "time", "datetime", "timedelta", "timezone"].map((name) => `datetime.${name}`),
  ...["pathlib", "pathlib._local"].flatMap((module) =>
    ["Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"].map(
      (name) => `${module}.${name}`,
    ),
  ),
  "decimal.Decimal",
  "fractions.Fraction",
  "uuid.UUID",
  "builtins.object",
  "__builtin__.object",
  "torch.torch_version.TorchVersion",
  "packaging.version.Version",
];

const inBuiltins: Readonly<Record<string, Call>> = {
  dict: dictionary(0),
  list: sequence,
  tuple: sequence,
  set: sequence,
  frozenset: sequence,
  complex: remark("complex"),
  slice: remark("slice"),
  bytearray: ([content = new Uint8Array(0), encoding], context) =>
    content instanceof Uint8Array ? content : encode([content, encoding], context),
  bytes: ([content = new Uint8Array(0)], { fail }) => {
    if (!(content instanceof Uint8Array)) throw fail("bytes of something else");
    return content;
  },
};

export const pythonGlobals: ReadonlyMap<string, PickleObject> = callables({
  ...Object.fromEntries(Object.entries(inBuiltins).map(([name, call]) => [`builtins.${name}`, call])),
  ...Object.fromEntries(Object.entries(inBuiltins).map(([name, call]) => [`__builtin__.${name}`, call])),
  "collections.OrderedDict": dictionary(0),
  "collections.defaultdict": dictionary(1),
  "collections.Counter": dictionary(0),
  "_codecs.encode": encode,
  "collections.deque": sequence,
  ...Object.fromEntries(HARMLESS.map((name) => [name, remark(name)])),
});
