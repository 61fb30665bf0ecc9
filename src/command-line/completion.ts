/** `a2gnn completion bash|zsh|fish`: a script for the shell, generated from the steps and their option tables. */

import { flagOf, type Option } from "../config/option";
import type { Step } from "../running/step";
import { ownGlobals } from "./help";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** How each shell is told to load the script. */
const HOW_TO_LOAD: Readonly<Record<Shell, string>> = {
  bash: 'eval "$(a2gnn completion bash)"    in ~/.bashrc',
  zsh: 'eval "$(a2gnn completion zsh)"    in ~/.zshrc, after compinit',
  fish: "a2gnn completion fish > ~/.config/fish/completions/a2gnn.fish",
};

export function completionScript(shell: Shell, steps: readonly Step<object>[]): string {
  const head = `# Completion of a2gnn for ${shell}: ${HOW_TO_LOAD[shell]}\n`;
  return head + { bash, zsh, fish }[shell](steps);
}

interface Flag {
  readonly flag: string;
  readonly help: string;
  /** Words that may follow; "files" for paths, undefined where nothing is known. */
  readonly values: readonly string[] | "files" | undefined;
  readonly isSwitch: boolean;
}

function flagsOf(step: Step<object>): Flag[] {
  const options = { ...step.options, ...ownGlobals(step) } as Readonly<Record<string, Option<unknown>>>;
  return Object.entries(options).map(([key, { kind, choices, help }]) => ({
    flag: `--${flagOf(key)}`,
    help: help.replace(/[;:[(].*$/s, "").trim(),
    values: kind === "path" ? "files" : choices,
    isSwitch: kind === "boolean",
  }));
}

function bash(steps: readonly Step<object>[]): string {
  const values = (flags: readonly Flag[]): string =>
    flags
      .filter(({ values }) => values !== undefined && values !== "files")
      .map(
        ({ flag, values }) =>
          `        ${flag}) COMPREPLY=($(compgen -W "${(values as string[]).join(" ")}" -- "$word")); return ;;`,
      )
      .join("\n");
  const cases = steps.map((step) => {
    const flags = flagsOf(step);
    const own = values(flags);
    const choose = own === "" ? "" : `      case "$before" in\n${own}\n      esac\n`;
    return `    ${step.name})\n${choose}      flags="${flags.map(({ flag }) => flag).join(" ")} --help" ;;`;
  });
  return `_a2gnn() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" flags=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${[...steps.map(({ name }) => name), "help", "completion"].join(" ")}" -- "$word"))
    return
  fi
  if [ "\${COMP_WORDS[1]}" = completion ]; then
    COMPREPLY=($(compgen -W "${SHELLS.join(" ")}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _a2gnn a2gnn
`;
}

function zsh(steps: readonly Step<object>[]): string {
  const described = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
  const cases = steps.map((step) => {
    const flags = flagsOf(step).map(({ flag, help, values, isSwitch }) => {
      const action = isSwitch
        ? ""
        : values === "files"
          ? ":path:_files"
          : `:value:${values === undefined ? "" : `(${values.join(" ")})`}`;
      return `        '${flag}[${described(help)}]${action}'`;
    });
    return `      ${step.name}) _arguments \\\n${[...flags, "        '*:path:_files'"].join(" \\\n")} ;;`;
  });
  const names = steps.map(({ name, about }) => `      '${name}:${described(about)}'`);
  return `_a2gnn() {
  local -a steps
  if (( CURRENT == 2 )); then
    steps=(
${names.join("\n")}
      'completion:completion for a shell'
    )
    _describe step steps
  elif [[ $words[2] == completion ]]; then
    compadd ${SHELLS.join(" ")}
  else
    local step=$words[2]
    shift words
    (( CURRENT-- ))
    case $step in
${cases.join("\n")}
    esac
  fi
}
compdef _a2gnn a2gnn
`;
}

function fish(steps: readonly Step<object>[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const names = steps.map(
    ({ name, about }) => `complete -c a2gnn -n __fish_use_subcommand -f -a ${name} -d ${quoted(about)}`,
  );
  const flags = steps.flatMap((step) =>
    flagsOf(step).map(({ flag, help, values, isSwitch }) => {
      const takes = isSwitch
        ? ""
        : values === "files"
          ? " -r -F"
          : values === undefined
            ? " -x"
            : ` -x -a ${quoted(values.join(" "))}`;
      return `complete -c a2gnn -n '__fish_seen_subcommand_from ${step.name}' -l ${flag.slice(2)}${takes} -d ${quoted(help)}`;
    }),
  );
  const shells = `complete -c a2gnn -n '__fish_seen_subcommand_from completion' -f -a ${quoted(SHELLS.join(" "))}`;
  return `${[...names, `complete -c a2gnn -n __fish_use_subcommand -f -a completion -d ${quoted("completion for a shell")}`, shells, ...flags].join("\n")}\n`;
}
