/**
 * The WebAssembly memory of the dense CRF and the random walk: one for each thread, used again for every image, so that it
 * grows to what the largest image needs and no further. A thread that only lends a hand works in the memory of the one that it
 * helps. Modules are compiled once for each shape of their loops.
 */

import { expected } from "../errors";
import { encodeModule, type WasmFunction } from "./assembler";

/** What we use of the global that Node has but its type declarations lack. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: Record<string, Record<string, unknown>>) => { readonly exports: object };
  validate(bytes: Uint8Array): boolean;
};

/** WebAssembly's memory, as it is sent to another thread. */
export interface SharedMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Bytes of a vector of four float32. */
export const VECTOR = 16;
/** Bytes of a float32 or int32. */
export const WORD = 4;
const PAGE = 65536;
const MOST_PAGES = 65536; // 4 GiB
const CACHE_LINE = 64;

let memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
const instances = new Map<string, object>();

/** For another thread's `workInMemory`. */
export function memoryToShare(): SharedMemory {
  return memory;
}

/** From now on this thread works in another's memory. It must not plan: all addresses come from the other. */
export function workInMemory(other: SharedMemory): void {
  if (other.buffer !== memory.buffer) instances.clear();
  memory = other;
}

/** Hands out addresses; whoever starts a new plan overwrites the last one's data. */
export interface MemoryPlan {
  /** Address of the next `bytes`, at the beginning of a cache line. */
  reserve(bytes: number): number;
  /** Makes the memory large enough, after which views of it can be made. @throws beyond 4 GiB */
  claim(): ArrayBuffer;
}

export function planMemory(): MemoryPlan {
  let size = CACHE_LINE;
  return {
    reserve(bytes: number): number {
      const at = size;
      size += Math.ceil(bytes / CACHE_LINE) * CACHE_LINE;
      return at;
    },
    claim(): ArrayBuffer {
      const pages = Math.ceil(size / PAGE);
      if (pages > MOST_PAGES) {
        const wanted = `${(size / 2 ** 30).toFixed(1)} GiB`;
        throw expected("input", "pixels and classes that fit into 4 GiB of memory", wanted, "dense CRF");
      }
      const missing = pages - memory.buffer.byteLength / PAGE;
      if (missing > 0) memory.grow(missing);
      return memory.buffer;
    },
  };
}

/** The functions under a key, which names all that `write` depends on. */
export function compile<T extends object>(key: string, write: () => WasmFunction[]): T {
  let functions = instances.get(key);
  if (functions === undefined) {
    const module = new WebAssembly.Module(encodeModule(write(), MOST_PAGES));
    functions = new WebAssembly.Instance(module, { env: { memory } }).exports;
    instances.set(key, functions);
  }
  return functions as T;
}

/** Whether this machine's processor and this Node can run SIMD modules. */
export function simdAvailable(): boolean {
  return WebAssembly.validate(PROBE);
}

/** A module with one function that makes a vector and drops it. */
const PROBE = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b,
]);
