/**
 * What data-parallel training needs of the other processes: sums over all of them. A single process uses a
 * communicator of size 1, whose sums change nothing.
 */

export interface Communicator {
  /** This process, from 0. */
  readonly rank: number;
  readonly size: number;
  /** Replaces `values` by their sum over all processes, in place; every process must call it. */
  sum(values: Float32Array | Float64Array): void;
  /** Ends all processes at once, for an error that the others cannot see. Returns where there is nobody else. */
  abort(): void;
  /** Leaves; no sums afterwards. */
  close(): void;
}

export const singleProcess: Communicator = { rank: 0, size: 1, sum() {}, abort() {}, close() {} };
