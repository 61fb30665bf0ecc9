/** A thread that lends a hand to one mean-field inference of another thread, in that thread's memory. */

import type { Handle } from "../parallel/thread-pool";
import { type SharedMemory, workInMemory } from "../wasm/memory";
import { fieldTask, type PlacedField } from "./mean-field-simd";
import { followTasks } from "./shared-tasks";

export interface FieldRequest {
  readonly memory: SharedMemory;
  readonly field: PlacedField;
  readonly control: Int32Array;
}

export const handle: Handle<FieldRequest, undefined> = async ({ memory, field, control }) => {
  workInMemory(memory);
  followTasks(control, (kind, alive) => fieldTask(field, kind, alive, memory.buffer));
  return undefined;
};
