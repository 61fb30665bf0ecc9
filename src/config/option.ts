/**
 * The one mechanism behind every option: a step's configuration is an interface, its options are a table with the same
 * keys. Command-line flags, `--help`, defaults, and the checks on values given from code are all read off the table.
 */

import { expected, UserError } from "../errors";
import { nearWords } from "../near-text";
import { COLUMNS, wrapped } from "../shown-text";

export type OptionKind = "text" | "path" | "number" | "integer" | "boolean" | "choice" | "texts" | "numbers";

/**
 * What an option touches. Every list of "does this change the numbers" is read off it.
 * fit    what is learned, or found before anything is learned: the graph network, a training, the maps, the seeds
 * label  what is made of that afterwards
 * speed  time and memory alone: the numbers stay the same
 * place  where things are read and written, and who does which share: another place with the same content gives the same
 *        numbers. Inputs that a folder of results must not mix (photographs, weak labels, weights) count as fit or label.
 */
export type Affects = "fit" | "label" | "speed" | "place";

/** One option of a step. Its flag is the key in kebab case: `voc12Root` → `--voc12-root` (underscores work as well). */
export interface Option<T> {
  readonly kind: OptionKind;
  readonly affects: Affects;
  /** What holds when nothing is given. Absent on required options and where "not given" means something of its own. */
  readonly default?: T;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** Inclusive bounds of numbers, and of each entry of `numbers`. */
  readonly min?: number;
  readonly max?: number;
  /** Other spellings without dashes, e.g. the reference's `BoxXmlpath`. */
  readonly aliases?: readonly string[];
  /** The paper's symbol or the unit, shown in the help. */
  readonly symbol?: string;
  readonly unit?: string;
  /** Heading in the help; options of one group stand together. */
  readonly group?: string;
  /** One sentence. */
  readonly help: string;
}

export type OptionTable<C> = { readonly [K in keyof C]-?: Option<C[K]> };

/** Flags of the reference's scripts that mean nothing here, with the reason that is shown. */
export type IgnoredFlags = Readonly<Record<string, string>>;

export interface ParsedFlags<C> {
  readonly given: Partial<C>;
  readonly notices: readonly string[];
}

/** `voc12Root` → `voc12-root`. */
export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Reads command-line words into the keys of `table`. Accepts `--key value`, `--key=value`, `--flag`, `--no-flag`,
 * underscores for dashes, and the aliases; `--rw false` means false.
 * @param positional the option that one word without a flag is read as
 * @throws UserError "usage" for an unknown flag (with the nearest known one), a missing or unreadable value.
 */
export function parseFlags<C>(
  words: readonly string[],
  table: OptionTable<C>,
  ignored: IgnoredFlags = {},
  positional: string | undefined = undefined,
): ParsedFlags<C> {
  const keyOfFlag = spellings(table);
  const given: Record<string, unknown> = {};
  const notices: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (positional !== undefined && given[positional] === undefined && !word.startsWith("-")) {
      const option = (table as Record<string, Option<unknown>>)[positional];
      given[positional] = readValue(word, option, `--${flagOf(positional)}`);
      continue;
    }
    if (!word.startsWith("--"))
      throw new UserError("usage", `unexpected "${word}": options are written --name value${nearMiss(word)}`);
    const equals = word.indexOf("=");
    const name = normalise(word.slice(2, equals < 0 ? undefined : equals));
    const attached = equals < 0 ? undefined : word.slice(equals + 1);
    const next = (): string | undefined => (words[i + 1]?.startsWith("--") ? undefined : words[i + 1]);
    const reason = Object.entries(ignored).find(([flag]) => normalise(flag) === name)?.[1];
    if (reason !== undefined) {
      if (attached === undefined && next() !== undefined) i++;
      notices.push(`--${word.slice(2).split("=")[0]} has no meaning here: ${reason}`);
      continue;
    }
    const negated = keyOfFlag.get(name) === undefined && name.startsWith("no-");
    const key = keyOfFlag.get(negated ? name.slice(3) : name);
    const option = key === undefined ? undefined : (table as Record<string, Option<unknown>>)[key];
    if (key === undefined || option === undefined || (negated && option.kind !== "boolean"))
      throw new UserError("usage", `unknown option --${name}${suggestion(name, [...keyOfFlag.keys()], "--")}`);
    if (option.kind === "boolean") {
      const value = attached ?? (isBoolean(next()) ? words[++i] : undefined);
      given[key] = value === undefined ? !negated : readValue(value, option, `--${name}`) !== negated;
      continue;
    }
    const value = attached ?? next();
    if (value === undefined) throw new UserError("usage", `--${name} needs a value: ${option.help}`);
    if (attached === undefined) i++;
    given[key] = readValue(value, option, `--${name}`);
  }
  return { given: given as Partial<C>, notices };
}

/**
 * The full configuration: what was given, checked, over the table's defaults.
 * @throws UserError "usage" for unknown keys, values of the wrong kind or out of range, and missing required ones.
 */
export function completeConfig<C>(given: Partial<C>, table: OptionTable<C>): C {
  const options = table as Record<string, Option<unknown>>;
  const config: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (options[key] === undefined) throw new UserError("usage", `unknown option "${key}"${renamed(key, options)}`);
    if (value !== undefined) config[key] = checkValue(value, options[key], `--${flagOf(key)}`);
  }
  for (const [key, option] of Object.entries(options)) {
    if (config[key] !== undefined) continue;
    if (option.required) throw new UserError("usage", `--${flagOf(key)} is required: ${option.help}`);
    config[key] = option.default;
  }
  return config as C;
}

/** "; did you mean …?" for a key: the one that has this spelling as an alias, or the nearest. */
function renamed(key: string, options: Readonly<Record<string, Option<unknown>>>): string {
  const flag = normalise(flagOf(key));
  const known = Object.keys(options).find((name) => options[name].aliases?.some((alias) => normalise(alias) === flag));
  return known === undefined ? suggestion(key, Object.keys(options), "--") : `; did you mean ${known}?`;
}

/** The part of a configuration whose options touch one of `parts`, in the configuration's own order. */
export function touching<C extends object>(config: C, table: OptionTable<C>, parts: readonly Affects[]): Partial<C> {
  const options = table as Record<string, Option<unknown>>;
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => options[key] !== undefined && parts.includes(options[key].affects)),
  ) as Partial<C>;
}

/** The keys of a table's options that touch one of `parts`. */
export function keysTouching<C>(table: OptionTable<C>, parts: readonly Affects[]): (keyof C & string)[] {
  const options = Object.entries(table as Record<string, Option<unknown>>);
  return options.filter(([, { affects }]) => parts.includes(affects)).map(([key]) => key as keyof C & string);
}

/** What holds when nothing is given: the defaults of the options that have one. */
export function defaultsOf<C>(table: OptionTable<C>): C {
  const options = Object.entries(table as Record<string, Option<unknown>>);
  return Object.fromEntries(options.map(([key, option]) => [key, option.default])) as C;
}

/** The table as help text, one option a line, grouped by heading. */
export function describeOptions<C>(table: OptionTable<C>): string {
  const groups = new Map<string, string[]>();
  for (const [key, option] of Object.entries(table as Record<string, Option<unknown>>)) {
    const lines = groups.get(option.group ?? "Options") ?? [];
    groups.set(option.group ?? "Options", lines);
    const flag = `  --${flagOf(key)}${placeholder(option)}`;
    const details = [
      listsChoices(option) ? option.choices?.join(", ") : undefined,
      option.symbol,
      option.unit,
      option.required
        ? "required"
        : option.default === undefined
          ? undefined
          : `default ${Array.isArray(option.default) ? option.default.join(",") : option.default}`,
    ].filter((part) => part !== undefined);
    const text = option.help + (details.length > 0 ? ` [${details.join("; ")}]` : "");
    const lined = wrapped(text, COLUMNS - HELP_COLUMN).replaceAll("\n", `\n${" ".repeat(HELP_COLUMN)}`);
    lines.push(
      flag.length < HELP_COLUMN ? flag.padEnd(HELP_COLUMN) + lined : `${flag}\n${" ".repeat(HELP_COLUMN)}${lined}`,
    );
  }
  return [...groups].map(([heading, lines]) => `${heading}:\n${lines.join("\n")}`).join("\n\n");
}

const HELP_COLUMN = 26;

/** Whether the choices are too many or too long to stand behind the flag. */
function listsChoices({ kind, choices = [] }: Option<unknown>): boolean {
  return kind !== "boolean" && (choices.length > 6 || choices.join("|").length > 48);
}

function placeholder(option: Option<unknown>): string {
  if (option.kind === "boolean") return "";
  if (option.choices !== undefined && !listsChoices(option)) return ` ${option.choices.join("|")}`;
  return {
    text: " TEXT",
    path: " PATH",
    number: " X",
    integer: " N",
    choice: " NAME",
    texts: " A,B,…",
    numbers: " X,Y,…",
  }[option.kind];
}

function spellings<C>(table: OptionTable<C>): Map<string, string> {
  const keyOfFlag = new Map<string, string>();
  for (const [key, option] of Object.entries(table as Record<string, Option<unknown>>)) {
    keyOfFlag.set(flagOf(key), key);
    for (const alias of option.aliases ?? []) keyOfFlag.set(normalise(alias), key);
  }
  return keyOfFlag;
}

function normalise(flag: string): string {
  return flag.replaceAll("_", "-").toLowerCase();
}

function isBoolean(word: string | undefined): boolean {
  return word !== undefined && /^(true|false|yes|no|on|off|1|0)$/i.test(word);
}

function readValue(word: string, option: Option<unknown>, flag: string): unknown {
  switch (option.kind) {
    case "boolean":
      if (!isBoolean(word)) throw expected("usage", "true or false", `"${word}"`, flag);
      return /^(true|yes|on|1)$/i.test(word);
    case "number":
    case "integer":
      return checkValue(readNumber(word, flag), option, flag);
    case "numbers":
      return checkValue(
        word.split(",").map((part) => readNumber(part, flag)),
        option,
        flag,
      );
    case "texts":
      return checkValue(
        word.split(",").map((part) => part.trim()),
        option,
        flag,
      );
    default:
      return checkValue(word, option, flag);
  }
}

function readNumber(word: string, flag: string): number {
  const value = Number(word);
  if (word.trim() === "" || Number.isNaN(value)) throw expected("usage", "a number", `"${word}"`, flag);
  return value;
}

function checkValue(value: unknown, option: Option<unknown>, flag: string): unknown {
  const wrong = (wanted: string): UserError =>
    expected("usage", wanted, typeof value === "number" ? `${value}` : JSON.stringify(value), flag);
  const checkNumber = (x: unknown): void => {
    if (typeof x !== "number" || !Number.isFinite(x)) throw wrong("a number");
    if (option.kind === "integer" && !Number.isInteger(x)) throw wrong("a whole number");
    if (option.kind === "integer" && !Number.isSafeInteger(x)) throw wrong("a whole number below 2^53");
    const { min = -Infinity, max = Infinity } = option;
    if (x < min || x > max)
      throw wrong(max === Infinity ? `at least ${min}` : min === -Infinity ? `at most ${max}` : `${min} to ${max}`);
  };
  const checkText = (x: unknown): void => {
    if (typeof x !== "string" || x === "") throw wrong("some text");
    if (option.choices !== undefined && !option.choices.includes(x)) throw wrong(`one of ${option.choices.join(", ")}`);
  };
  switch (option.kind) {
    case "boolean":
      if (typeof value !== "boolean") throw wrong("true or false");
      return value;
    case "number":
    case "integer":
      checkNumber(value);
      return value;
    case "numbers":
    case "texts":
      if (!Array.isArray(value) || value.length === 0) throw wrong("a list");
      for (const entry of value) (option.kind === "numbers" ? checkNumber : checkText)(entry);
      return value;
    default:
      checkText(value);
      return value;
  }
}

function nearMiss(word: string): string {
  return word.startsWith("-") ? `; did you mean "-${word}"?` : "";
}

/** "; did you mean …?" where a known word is near. @param dashes before the word */
export function suggestion(name: string, known: readonly string[], dashes = ""): string {
  const [near] = nearWords(name, known, 1);
  return near === undefined ? "" : `; did you mean ${dashes}${near}?`;
}
