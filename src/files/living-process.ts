/**
 * Whether the process that left a mark in a folder still lives. A number alone does not tell: numbers are used again, and
 * a shared folder holds marks of other machines, so a mark also names the machine and, on Linux, when the process began.
 */

import fs from "node:fs";
import os from "node:os";

export interface ProcessMark {
  readonly pid: number;
  readonly host: string;
  /** Start of this machine and of the process, where the system tells. */
  readonly started?: string;
}

/** The mark of the process that calls this. */
export function thisProcess(): ProcessMark {
  const started = startOf(process.pid);
  return { pid: process.pid, host: os.hostname(), ...(started === undefined ? {} : { started }) };
}

/** Undefined where nobody here can tell: the process belongs to another machine. */
export function isAlive({ pid, host, started }: ProcessMark): boolean | undefined {
  if (host !== os.hostname()) return undefined;
  if (!isAliveProcess(pid)) return false;
  const now = startOf(pid);
  return started === undefined || now === undefined || now === started;
}

/** Whether this machine has a process of this number. */
export function isAliveProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of `/proc/PID/stat` counts ticks since the machine started; the name before it may hold spaces. */
function startOf(pid: number): string | undefined {
  try {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot.slice(0, 8)}-${fields[19]}`;
  } catch {
    return undefined;
  }
}
