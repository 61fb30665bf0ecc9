/** The second thread of a dense CRF: started with the first one that asks for it, and kept for the next. */

import { createThreadPool, type ThreadPool } from "../parallel/thread-pool";
import { memoryToShare } from "../wasm/memory";
import type { PlacedField } from "./mean-field-simd";
import type { FieldRequest } from "./mean-field-thread";
import { leadTasks, type TaskLead, taskControl } from "./shared-tasks";

let pool: ThreadPool<FieldRequest, undefined> | undefined;

/** Asks it to follow; until it comes, the lead does all tasks itself, and so too if it never does. */
export function withSecondThread(field: PlacedField): TaskLead {
  pool ??= createThreadPool(require.resolve("./mean-field-thread"), 1);
  const control = taskControl();
  pool.ask({ memory: memoryToShare(), field, control }).catch(() => undefined);
  return leadTasks(control);
}
