/**
 * `a2gnn learn` over the whole folder, in a process of its own: it takes minutes to hours, resumes where it was stopped, and
 * must not end with the page.
 */

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { WorkerBackend } from "./worker-process";

export interface LearnRequest {
  readonly root: string;
  /** Image list of the photographs, as `annotate` was given it. */
  readonly list?: string;
  /** Folder for everything that is made. */
  readonly out: string;
  /** As `--budget` takes it. */
  readonly budget?: string;
}

export interface LearnRun {
  /** The folder of labels, undefined where the run was stopped. @throws Error with the last that it said */
  readonly labels: Promise<string | undefined>;
  /** Asks it to stop: what is in hand is finished first. */
  stop(): void;
}

/** @param onLine everything that it says, line by line */
export type StartLearning = (request: LearnRequest, onLine: (line: string) => void) => LearnRun;

/**
 * The command itself, with the backend that labels are computed on.
 * @param options further words of the command line
 */
export function learnCommand({ name, threads }: WorkerBackend = {}, options: readonly string[] = []): StartLearning {
  return ({ root, list, out, budget }, onLine) => {
    const cli = path.join(__dirname, "..", `cli${path.extname(__filename)}`);
    const words = [
      ...["learn", root, "--out", out, "--json"],
      ...(list === undefined ? [] : ["--list", list]),
      ...(budget === undefined ? [] : ["--budget", budget]),
      ...(name === undefined ? [] : ["--backend", name]),
      ...(threads === undefined ? [] : ["--threads", String(threads)]),
      ...options,
    ];
    const child = spawn(process.execPath, [...process.execArgv, cli, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let [answer, last, stopped] = ["", "it ended without a word", false];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    createInterface(child.stderr).on("line", (line) => {
      last = line;
      onLine(line);
    });
    const labels = new Promise<string | undefined>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        if (stopped) resolve(undefined);
        else if (code !== 0) reject(new Error(last));
        else resolve((JSON.parse(answer) as { labels?: string }).labels);
      });
    });
    return {
      labels,
      stop() {
        stopped = true;
        child.kill("SIGINT");
      },
    };
  };
}
