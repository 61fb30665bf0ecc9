/**
 * Whether a result broke off: a power failure, a full network disk or another program's end may leave a file of 0 bytes or
 * one without its end. Only its ends are looked at, so a folder of thousands costs little.
 */

import fs from "node:fs/promises";
import path from "node:path";

const PNG_END = Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
/** Some programs put a few bytes of their own behind a PNG's end. */
const TAIL = 4096;
/** The longest header of a `.npy` that is looked at. */
const HEAD = 65_536;

/** False for kinds of file whose end says nothing, and for files that do not exist. */
export async function isTorn(file: string): Promise<boolean> {
  const handle = await fs.open(file, "r").catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { size } = await handle.stat();
    const read = async (length: number, at: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    };
    const tail = await read(Math.min(size, TAIL), Math.max(0, size - TAIL));
    switch (path.extname(file).toLowerCase()) {
      case ".png":
        return !tail.includes(PNG_END);
      case ".npy":
        return isTornArray(await read(Math.min(size, HEAD), 0), size, tail);
      case ".json":
        return !/[\]}]\s*$/.test(tail.toString("latin1"));
      case ".xml":
        return !/>\s*$/.test(tail.toString("latin1"));
      case ".safetensors":
        return isTornTensors(await read(8, 0), size);
      case ".pth":
        return isTornZip(tail);
      default:
        return false;
    }
  } finally {
    await handle.close();
  }
}

// --- internal ---

/** The header states type and shape; Python objects (type O) are a pickle, whose last byte is its STOP. */
function isTornArray(head: Buffer, size: number, tail: Buffer): boolean {
  if (head.length < 12) return true;
  const [start, length] = head[6] === 1 ? [10, head.readUInt16LE(8)] : [12, head.readUInt32LE(8)];
  const text = head.toString("latin1", start, start + length);
  if (start + length > size) return true;
  const bytes = /'descr': *'[<>|=]?([a-zA-Z])(\d*)'/.exec(text);
  const shape = /'shape': *\(([\d, ]*)\)/.exec(text);
  if (bytes === null || shape === null) return false; // not of this program
  if (bytes[1] === "O") return tail.at(-1) !== ".".charCodeAt(0);
  const count = shape[1].split(",").reduce((all, part) => all * (part.trim() === "" ? 1 : Number(part)), 1);
  return size < start + length + count * Number(bytes[2] || 1);
}

/** A zip's last record is 22 bytes long; ours have no comment behind it. */
function isTornZip(tail: Buffer): boolean {
  const at = tail.lastIndexOf("PK\x05\x06");
  return at < 0 || tail.length - at < 22;
}

/** The first 8 bytes count those of the header; the data may have any length. */
function isTornTensors(head: Buffer, size: number): boolean {
  return head.length < 8 || head.readBigUInt64LE(0) + 8n > BigInt(size);
}
