/**
 * Reads Python pickles as data, protocols 0 to 5. The file's bytes drive a small stack machine that builds numbers,
 * strings, lists and dictionaries; names of Python functions and classes are looked up in a list of ours, whose entries
 * build data as well. Nothing is imported, looked up in a module or executed, nothing recurses, and time and memory are
 * bounded.
 */

import { instructions } from "./pickle-instructions";
import { createPickleMachine, type PickleRules, type PickleValue } from "./pickle-machine";
import { createPickleReader } from "./pickle-reader";

export {
  isPickleObject,
  type PickleContext,
  type PickleObject,
  type PickleRules,
  type PickleValue,
} from "./pickle-machine";

const STOP = ".".charCodeAt(0);

/**
 * @param start where the pickle begins in `bytes`
 * @returns the value, and where the pickle ends
 * @throws UserError "weights" for cut off and malformed pickles and for everything the rules refuse
 */
export function unpickle(
  bytes: Uint8Array,
  where: string,
  rules: PickleRules,
  start = 0,
): { value: PickleValue; end: number } {
  const reader = createPickleReader(bytes, where, start);
  const machine = createPickleMachine(reader, rules, where);
  for (;;) {
    const code = reader.byte();
    if (code === STOP) return { value: machine.result(), end: reader.position() };
    const instruction = instructions.get(code);
    if (instruction === undefined) throw reader.fail(`instruction 0x${code.toString(16)} is unknown or refused`);
    instruction(machine, reader);
  }
}
