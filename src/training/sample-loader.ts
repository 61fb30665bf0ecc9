/**
 * Samples made on worker threads: decoding, jitter, crop and flip run while the step before computes. A sample depends on
 * its request alone, so the number of threads changes nothing but the speed.
 */

import path from "node:path";
import { Worker } from "node:worker_threads";
import { type ErrorCode, UserError } from "../errors";
import type { SampleLoader, SampleRequest } from "./task";

/** A module that makes samples exports this as `makeSample`. The result may hold typed arrays, plain values, objects. */
export type MakeSample<C, S> = (request: SampleRequest, config: C) => Promise<S>;

/** What a worker is told when it starts. */
export interface WorkerSetup {
  readonly module: string;
  readonly config: unknown;
}

export type WorkerReply =
  | { readonly sample: unknown }
  | { readonly error: { readonly message: string; readonly code?: ErrorCode; readonly stack?: string } };

interface Job<S> {
  readonly request: SampleRequest;
  resolve(sample: S): void;
  reject(error: unknown): void;
}

/**
 * @param module the file of a module with `makeSample`, e.g. `require.resolve("./affinity-sample")`
 * @param config plain data that `makeSample` gets with every request
 * @param threads 0: in this thread, when asked for
 */
export function createSampleLoader<C, S>(module: string, config: C, threads: number): SampleLoader<S> {
  return threads === 0 ? inThisThread(module, config) : onWorkers(module, config, threads);
}

function inThisThread<C, S>(module: string, config: C): SampleLoader<S> {
  const { makeSample } = require(module) as { makeSample: MakeSample<C, S> };
  return { parallel: 1, load: (request) => makeSample(request, config), close: async () => {} };
}

function onWorkers<C, S>(module: string, config: C, threads: number): SampleLoader<S> {
  const waiting: Job<S>[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Job<S>>();
  let failure: Error | undefined;

  const next = (worker: Worker): void => {
    const job = waiting.shift();
    if (job === undefined) {
      busy.delete(worker);
      idle.push(worker);
      worker.unref(); // an idle loader that nobody closed must not hold the process
      return;
    }
    busy.set(worker, job);
    worker.ref();
    worker.postMessage(job.request);
  };
  const start = (): Worker => {
    const workerData: WorkerSetup = { module, config };
    const worker = new Worker(path.join(__dirname, `sample-worker${path.extname(__filename)}`), { workerData });
    worker.unref();
    worker.on("message", (reply: WorkerReply) => {
      const job = busy.get(worker);
      if ("sample" in reply) job?.resolve(reply.sample as S);
      else job?.reject(errorOf(reply.error));
      next(worker);
    });
    worker.on("error", (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of [...busy.values(), ...waiting.splice(0)]) reject(failure);
    });
    return worker;
  };

  const workers = Array.from({ length: threads }, start);
  idle.push(...workers);
  return {
    parallel: threads,
    load: (request) =>
      new Promise<S>((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        waiting.push({ request, resolve, reject });
        const worker = idle.pop();
        if (worker !== undefined) next(worker);
      }),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function errorOf({ message, code, stack }: { message: string; code?: ErrorCode; stack?: string }): Error {
  if (code !== undefined) return new UserError(code, message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}
