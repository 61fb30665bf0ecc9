/** Running other programs during set-up: silent when they succeed, their last lines when they do not. */

import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { UserError } from "../errors";

export interface CommandOptions {
  /** What the command is for; opens the message when it fails. */
  readonly purpose: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** @returns standard output. @throws UserError "environment" with the last lines of what the command said */
export function runCommand(command: string, words: readonly string[], options: CommandOptions): Promise<string> {
  const { purpose, cwd, env, signal } = options;
  return new Promise((resolve, reject) => {
    const settings: SpawnOptions = { cwd, env, signal, stdio: ["ignore", "pipe", "pipe"] };
    const child = spawn(command, words, settings);
    let output = "";
    let everything = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      everything += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      everything += chunk.toString();
    });
    const fail = (reason: string): void =>
      reject(new UserError("environment", `${purpose} failed: ${reason}${lastLines(everything)}`));
    child.on("error", (error) => (error.name === "AbortError" ? reject(error) : fail(`${command}: ${error.message}`)));
    child.on("close", (code, killer) => {
      if (code === 0) resolve(output);
      else fail(`${command} ended ${killer === null ? `with code ${code}` : `by ${killer}`}`);
    });
  });
}

/** Output of a quick query to a program; undefined where the program is missing or fails. */
export function probeCommand(
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  input = "",
): string | undefined {
  const { status, stdout } = spawnSync(command, words, { env, input, encoding: "utf8", timeout: 30_000 });
  return status === 0 ? stdout.trim() : undefined;
}

function lastLines(text: string, count = 15): string {
  const lines = text.trimEnd().split(/\r?\n/).slice(-count);
  return lines.join("").trim() === "" ? "" : `\n${lines.map((line) => `    ${line}`).join("\n")}`;
}
