/** The computing process from the server's side: started with the first request, started again after it dies. */

import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { BackendName } from "../backend";
import type { LabelAnswer, LabelRequest, PrepareRequest, WorkerMessage, WorkerRequest } from "./label-worker";

export interface WorkerProcess {
  /** @throws Error "cancelled" where the signal aborts, and what the worker says otherwise */
  label(
    request: Omit<LabelRequest, "kind" | "job">,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<LabelAnswer>;
  /** Loads TensorFlow ahead of the first request. */
  warm(): void;
  /** Makes ahead what the first stroke on a photograph that was just opened needs, and on those after it. */
  prepare(request: Omit<PrepareRequest, "kind">): void;
  close(): void;
}

export interface WorkerBackend {
  readonly name?: BackendName;
  readonly threads?: number;
}

interface Waiting {
  resolve(answer: LabelAnswer): void;
  reject(error: Error): void;
  onProgress(share: number): void;
}

export function createWorkerProcess(backend: WorkerBackend = {}): WorkerProcess {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let jobs = 0;
  const send = (request: WorkerRequest): void => void child?.send(request);
  const start = (): void => {
    if (child !== undefined) return;
    const worker = fork(path.join(__dirname, `label-worker${path.extname(__filename)}`), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child = worker;
    worker.on("message", (message: WorkerMessage) => {
      const job = waiting.get(message.job);
      if (message.kind === "progress") return job?.onProgress(message.share);
      waiting.delete(message.job);
      if (message.kind === "done") job?.resolve(message.answer);
      else job?.reject(new Error(message.reason));
    });
    worker.on("exit", (code, signal) => {
      if (child === worker) child = undefined;
      for (const { reject } of waiting.values())
        reject(new Error(`the computing process ended (${signal ?? `exit ${code}`}); the next stroke starts it again`));
      waiting.clear();
    });
    worker.on("error", () => undefined); // "exit" follows
    send({ kind: "backend", ...backend });
  };
  return {
    label(request, signal, onProgress) {
      start();
      const job = ++jobs;
      return new Promise<LabelAnswer>((resolve, reject) => {
        if (signal.aborted) return reject(new Error("cancelled"));
        const cancel = (): void => send({ kind: "cancel", job });
        const done = (): void => signal.removeEventListener("abort", cancel);
        signal.addEventListener("abort", cancel, { once: true });
        waiting.set(job, {
          resolve: (answer) => {
            done();
            resolve(answer);
          },
          reject: (error) => {
            done();
            reject(error);
          },
          onProgress,
        });
        send({ ...request, kind: "label", job });
      });
    },
    warm: start,
    prepare(request) {
      start();
      send({ ...request, kind: "prepare" });
    },
    close() {
      child?.kill();
      child = undefined;
    },
  };
}
