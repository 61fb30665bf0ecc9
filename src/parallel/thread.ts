/** A thread of `thread-pool.ts`: answers one request a message with the module it was started for. */

import { parentPort, workerData } from "node:worker_threads";
import { messageOf, UserError } from "../errors";
import type { Handle, ThreadReply } from "./thread-pool";

const { handle } = require(workerData as string) as { handle: Handle<unknown, unknown> };

parentPort?.on("message", async (request: unknown) => parentPort?.postMessage(await reply(request)));

async function reply(request: unknown): Promise<ThreadReply> {
  try {
    return { answer: await handle(request) };
  } catch (error) {
    const code = error instanceof UserError ? error.code : undefined;
    return { error: { message: messageOf(error), code, stack: error instanceof Error ? error.stack : undefined } };
  }
}
