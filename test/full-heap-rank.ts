/** A process of mpi.test.ts: blocks the page behind its heap, then meets the others and sums with them. */

import fs from "node:fs";
import { load } from "koffi";
import { openCommunicator } from "../src/parallel/mpi";

const libc = load("libc.so.6");
const endOfHeap = libc.func("intptr_t sbrk(intptr_t)") as unknown as (change: number) => number;
const map = libc.func("intptr_t mmap(intptr_t, size_t, int, int, int, intptr_t)");
const [PRIVATE, ANONYMOUS, FIXED_NOREPLACE] = [0x2, 0x20, 0x100000];

map(endOfHeap(0), 4096, 0, PRIVATE | ANONYMOUS | FIXED_NOREPLACE, -1, 0); // fails where the page is taken: just as well
const before = endOfHeap(0);
const communicator = openCommunicator();
const moved = endOfHeap(0) - before;
const values = Float32Array.of(communicator.rank + 1);
communicator.sum(values);
communicator.close();
const transports = fs
  .readFileSync("/proc/self/maps", "utf8")
  .split("\n")
  .filter((line) => line.includes("/ucx/"));
const { rank, size } = communicator;
process.stdout.write(
  `process ${rank} of ${size}: sum ${values[0]}, heap moved by ${moved}, UCX ${transports.length > 0 ? "in use" : "not in use"}\n`,
);
