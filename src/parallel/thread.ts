/** A thread of `thread-pool.ts`: answers one request a message with the module it was started for. */

import { parentPort, workerData } from "node:worker_threads";
import { messageOf, UserError } from "../errors";
import type { Handle, ThreadReply } from "./thread-pool";

const { handle } = require(workerData as string) as { handle: Handle<unknown, unknown> };

parentPort?.on("message", async (request: unknown) => {
  const message = await reply(request);
  parentPort?.postMessage(message, "answer" in message ? ownBuffer(message.answer) : []);
});

/** An array that fills its buffer moves to the asker instead of being copied; WebAssembly's memory cannot move. */
function ownBuffer(answer: unknown): ArrayBuffer[] {
  if (!ArrayBuffer.isView(answer) || !(answer.buffer instanceof ArrayBuffer)) return [];
  return answer.byteLength === answer.buffer.byteLength ? [answer.buffer] : [];
}

async function reply(request: unknown): Promise<ThreadReply> {
  try {
    return { answer: await handle(request) };
  } catch (error) {
    const code = error instanceof UserError ? error.code : undefined;
    return { error: { message: messageOf(error), code, stack: error instanceof Error ? error.stack : undefined } };
  }
}
