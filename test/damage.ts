/** Damaged copies of a good file, the same ones at every run, and what reading them may do: succeed or be refused by name. */

import { UserError } from "../src/errors";
import { Random } from "../src/random";
import type { ByteSource } from "../src/weights/byte-source";

/** Bytes that mean much in pickles and length fields. */
const TELLING = [0, 1, 0x2e, 0x28, 0x51, 0x52, 0x62, 0x68, 0x71, 0x7f, 0x80, 0xff];

/** Every way of cutting the file off, then `changes` copies with one to three bytes changed. */
export function* damaged(good: Uint8Array, changes: number): Generator<Uint8Array> {
  for (let length = 0; length < good.length; length++) yield good.subarray(0, length);
  const random = new Random(good.length);
  for (let i = 0; i < changes; i++) {
    const bad = Uint8Array.from(good);
    for (let left = 1 + random.integer(3); left > 0; left--)
      bad[random.integer(bad.length)] =
        random.uniform() < 0.5 ? TELLING[random.integer(TELLING.length)] : random.integer(256);
    yield bad;
  }
}

/** @throws whatever is no UserError "weights" */
export async function readsOrRefuses(read: () => unknown): Promise<"read" | "refused"> {
  try {
    await read();
    return "read";
  } catch (error) {
    if (error instanceof UserError && error.code === "weights") return "refused";
    throw error;
  }
}

/** A file in memory that counts what is read of it. */
export function bytesInMemory(bytes: Uint8Array): ByteSource & { bytesRead: number } {
  return {
    where: "in memory",
    size: bytes.length,
    bytesRead: 0,
    async read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
        throw new UserError("weights", `expected ${length} bytes from byte ${offset}, got ${bytes.length} in all`);
      this.bytesRead += length;
      return Uint8Array.from(bytes.subarray(offset, offset + length));
    },
    close: async () => undefined,
  };
}
