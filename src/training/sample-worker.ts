/** The worker thread behind `sample-loader.ts`: makes one sample per message. */

import { parentPort, workerData } from "node:worker_threads";
import { messageOf, UserError } from "../errors";
import type { MakeSample, WorkerReply, WorkerSetup } from "./sample-loader";
import type { SampleRequest } from "./task";

const { module: file, config } = workerData as WorkerSetup;
const { makeSample } = require(file) as { makeSample: MakeSample<unknown, unknown> };

parentPort?.on("message", async (request: SampleRequest) => {
  const reply = await answer(request);
  parentPort?.postMessage(reply, "sample" in reply ? buffersOf(reply.sample) : []);
});

async function answer(request: SampleRequest): Promise<WorkerReply> {
  try {
    return { sample: await makeSample(request, config) };
  } catch (error) {
    const code = error instanceof UserError ? error.code : undefined;
    return { error: { message: messageOf(error), code, stack: error instanceof Error ? error.stack : undefined } };
  }
}

/** Whole buffers are handed over, not copied. */
function buffersOf(sample: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const value of Object.values(sample as object))
    if (
      ArrayBuffer.isView(value) &&
      value.buffer instanceof ArrayBuffer &&
      value.byteLength === value.buffer.byteLength
    )
      buffers.add(value.buffer);
  return [...buffers];
}
