/**
 * Samples made on other threads: decoding, jitter, crop and mirror run while the step before computes. A sample depends on
 * its request alone, so the number of threads changes nothing but the speed.
 */

import { createThreadPool, type Handle } from "../parallel/thread-pool";
import type { SampleLoader, SampleRequest } from "./task";

/** What a thread is asked: a request, and the options that all requests of the run share. */
export interface SampleJob<C> {
  readonly request: SampleRequest;
  readonly options: C;
}

/** What a module that makes samples exports as `handle`. Samples are plain data and typed arrays. */
export type MakeSamples<C, S> = Handle<SampleJob<C>, S>;

/**
 * @param module the file of a module with `handle`, e.g. `require.resolve("./affinity-sample")`
 * @param options plain data
 * @param threads 0: in this thread, when asked for
 */
export function createSampleLoader<C, S>(module: string, options: C, threads: number): SampleLoader<S> {
  if (threads === 0) {
    const { handle } = require(module) as { handle: MakeSamples<C, S> };
    return { parallel: 1, load: (request) => handle({ request, options }), close: async () => {} };
  }
  const pool = createThreadPool<SampleJob<C>, S>(module, threads);
  return { parallel: threads, load: (request) => pool.ask({ request, options }), close: () => pool.close() };
}
