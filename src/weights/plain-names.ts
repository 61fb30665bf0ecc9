/**
 * Parameter names as the network itself has them, without what its wrappers put in front: DataParallel's `module.`,
 * torch.compile's `_orig_mod.`, Lightning's `model.`, and the counter of an averaged model.
 */

import { expected } from "../errors";
import type { WeightFile } from "./weight-file";

const PREFIXES: readonly string[] = [
  "module.",
  "_orig_mod.",
  "model.",
  "network.",
  "net.",
  "ema_model.",
  "averaged_model.",
];
/** Parameters that belong to a wrapper rather than to the network. */
const COUNTERS: readonly string[] = ["n_averaged", "num_updates", "decay", "initted", "step"];

/** The names by the names in the file; a prefix is removed where every name has it, and several may be nested. */
export function plainNames(names: readonly string[]): Map<string, string> {
  let pairs = names.map((name): [full: string, plain: string] => [name, name]);
  for (;;) {
    const inner = pairs.filter(([, plain]) => !COUNTERS.includes(plain));
    const prefix = PREFIXES.find((each) => inner.length > 0 && inner.every(([, plain]) => plain.startsWith(each)));
    if (prefix === undefined) break;
    pairs = inner.map(([full, plain]) => [full, plain.slice(prefix.length)]);
  }
  return new Map(pairs);
}

/** The same file under plain names. */
export function withPlainNames(file: WeightFile): WeightFile {
  const plain = plainNames(file.names());
  if ([...plain].every(([full, name]) => full === name) && plain.size === file.names().length) return file;
  const full = new Map([...plain].map(([name, short]) => [short, name]));
  const fullName = (name: string): string => {
    const known = full.get(name);
    if (known === undefined) throw expected("weights", `a parameter "${name}"`, "none", file.where);
    return known;
  };
  return {
    format: file.format,
    where: file.where,
    names: () => [...full.keys()],
    shape: (name) => file.shape(fullName(name)),
    read: (name) => file.read(fullName(name)),
    close: () => file.close(),
  };
}
