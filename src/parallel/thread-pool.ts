/**
 * Work on other threads of this process: a module that exports `handle` answers requests, one at a time a thread. An
 * answer depends on its request alone, so the number of threads changes nothing but the speed.
 */

import path from "node:path";
import { Worker } from "node:worker_threads";
import { type ErrorCode, UserError } from "../errors";

/** What the module exports as `handle`. Requests and answers are plain data and typed arrays. */
export type Handle<Request, Answer> = (request: Request) => Promise<Answer>;

export interface ThreadPool<Request, Answer> {
  /**
   * Waits for a free thread. Rejects with what `handle` threw, or when the thread itself died.
   * @param moved buffers of the request that move to the thread instead of being copied; unusable here afterwards
   */
  ask(request: Request, moved?: readonly ArrayBuffer[]): Promise<Answer>;
  close(): Promise<void>;
}

/** What a thread sends back. */
export type ThreadReply =
  | { readonly answer: unknown }
  | { readonly error: { readonly message: string; readonly code?: ErrorCode; readonly stack?: string } };

interface Job {
  readonly request: unknown;
  readonly moved: readonly ArrayBuffer[];
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/**
 * @param module the file of a module with `handle`: `require.resolve("./grabcut-thread")`
 * @param threads at least 1; each starts with its first request
 */
export function createThreadPool<Request, Answer>(module: string, threads: number): ThreadPool<Request, Answer> {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Job>();
  let closed = false;

  const start = (): Worker => {
    const worker = startThread(module);
    worker.on("message", (reply: ThreadReply) => {
      const job = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      if ("answer" in reply) job?.resolve(reply.answer);
      else job?.reject(errorOf(reply.error));
      next();
    });
    // A thread that dies takes its own request with it; the next one gets a new thread.
    worker.on("error", (error) => retire(worker, error));
    worker.on("exit", () => retire(worker, new Error("the thread ended")));
    return worker;
  };
  const retire = (worker: Worker, error: unknown): void => {
    const job = busy.get(worker);
    busy.delete(worker);
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    job?.reject(error);
    if (!closed) next();
  };
  const next = (): void => {
    if (waiting.length === 0 || (idle.length === 0 && busy.size >= threads)) return;
    const worker = idle.pop() ?? start();
    const job = waiting.shift() as Job;
    busy.set(worker, job);
    worker.ref();
    worker.postMessage(job.request, job.moved);
    next();
  };

  return {
    ask: (request, moved = []) =>
      new Promise<Answer>((resolve, reject) => {
        waiting.push({ request, moved, resolve: resolve as (answer: unknown) => void, reject });
        next();
      }).finally(() => {
        if (!closed) for (const worker of idle) worker.unref(); // a pool that nobody closed must not hold the process
      }),
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error("the thread pool was closed"));
      const workers = [...idle, ...busy.keys()];
      for (const worker of workers) worker.ref(); // or the process might end while it waits for them
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** From the sources (tests), a thread must first learn TypeScript: Node 20 does not pass tsx's loader on to it. */
function startThread(module: string): Worker {
  const extension = path.extname(__filename);
  const entry = path.join(__dirname, `thread${extension}`);
  if (extension === ".js") return new Worker(entry, { workerData: module });
  const files = [require.resolve("tsx/cjs"), entry];
  return new Worker(files.map((file) => `require(${JSON.stringify(file)});`).join(""), {
    eval: true,
    workerData: module,
  });
}

function errorOf({ message, code, stack }: { message: string; code?: ErrorCode; stack?: string }): Error {
  if (code !== undefined) return new UserError(code, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
