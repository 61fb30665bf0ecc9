/**
 * The table of contents of a zip archive, zip64 too, and where its entries' bytes lie in the file. PyTorch stores its
 * tensors uncompressed, so a range of the file is all that is needed; compressed entries are refused. Names are only
 * looked up, never used as paths.
 *
 * Ours and not a library's because libraries give streams or whole entries, and tensors are ranges within entries.
 */

import { UserError } from "../errors";
import type { ByteSource } from "./byte-source";

export interface ZipEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Where the local header lies; the content follows it (`contentOffset`). */
  readonly headerOffset: number;
}

const END_BYTES = 22;
const MAX_COMMENT_BYTES = 65535;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
/** A full-width ResNet38 has 240 entries of about 100 bytes. */
const MAX_DIRECTORY_BYTES = 1 << 26;

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };

/** @throws UserError "weights" for what is no whole zip archive of uncompressed entries with names of their own */
export async function readZipEntries(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const fail = (what: string): UserError =>
    new UserError("weights", `not a readable zip archive: ${what} (${source.where})`);
  const directory = await findDirectory(source, fail);
  if (directory.size > MAX_DIRECTORY_BYTES) throw fail(`a table of contents of ${directory.size} bytes`);
  const bytes = Buffer.from((await source.read(directory.offset, directory.size)).buffer);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < ENTRY_BYTES || bytes.readUInt32LE(at) !== signatures.entry) throw fail("a broken entry");
    const flags = bytes.readUInt16LE(at + 8);
    const method = bytes.readUInt16LE(at + 10);
    const nameEnd = at + ENTRY_BYTES + bytes.readUInt16LE(at + 28);
    const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
    const end = extraEnd + bytes.readUInt16LE(at + 32);
    if (end > bytes.length) throw fail("a cut off entry");
    const name = bytes.toString("utf8", at + ENTRY_BYTES, nameEnd);
    const [size, stored, headerOffset] = wideFields(
      [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)],
      bytes.subarray(nameEnd, extraEnd),
    );
    const label = JSON.stringify(name.slice(0, 100));
    if (flags & 1) throw fail(`entry ${label} is encrypted`);
    if (method !== 0 || size !== stored) throw fail(`entry ${label} is compressed, which PyTorch never does`);
    if (!(headerOffset + LOCAL_BYTES + size <= source.size)) throw fail(`entry ${label} is not wholly in the file`);
    if (entries.has(name)) throw fail(`entry ${label} occurs twice`);
    entries.set(name, { name, size, headerOffset });
    at = end;
  }
  if (entries.size !== directory.count) throw fail(`${directory.count} entries announced, ${entries.size} there`);
  return entries;
}

/** Where an entry's content begins, after its local header. */
export async function contentOffset(source: ByteSource, { name, size, headerOffset }: ZipEntry): Promise<number> {
  const header = Buffer.from((await source.read(headerOffset, LOCAL_BYTES)).buffer);
  const offset = headerOffset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (header.readUInt32LE(0) !== signatures.local || offset + size > source.size)
    throw new UserError(
      "weights",
      `not a readable zip archive: entry ${JSON.stringify(name.slice(0, 100))} is broken (${source.where})`,
    );
  return offset;
}

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

/** The archive's last record says where the table of contents lies, or that a larger record before it (zip64) does. */
async function findDirectory(source: ByteSource, fail: (what: string) => UserError): Promise<Directory> {
  const tailBytes = Math.min(source.size, LOCATOR_BYTES + END_BYTES + MAX_COMMENT_BYTES);
  const tail = Buffer.from((await source.read(source.size - tailBytes, tailBytes)).buffer);
  let at = tail.length - END_BYTES;
  const isEnd = (): boolean =>
    tail.readUInt32LE(at) === signatures.end && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) throw fail("its last record is missing: cut off?");
  const count = tail.readUInt16LE(at + 10);
  const size = tail.readUInt32LE(at + 12);
  const offset = tail.readUInt32LE(at + 16);
  const locator = at - LOCATOR_BYTES;
  if (locator < 0 || tail.readUInt32LE(locator) !== signatures.locator) return { offset, size, count };
  const end64 = Buffer.from((await source.read(readUInt64(tail, locator + 8), END64_BYTES)).buffer);
  if (end64.readUInt32LE(0) !== signatures.end64) throw fail("its zip64 record is broken");
  return { offset: readUInt64(end64, 48), size: readUInt64(end64, 40), count: readUInt64(end64, 32) };
}

/**
 * Fields that do not fit in 32 bits stand in the extra field 1, in this order, and are 0xffffffff in their own place.
 */
function wideFields(fields: readonly number[], extra: Buffer): number[] {
  const wide: number[] = [];
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1)
      for (let from = at + 4; from + 8 <= Math.min(end, extra.length); from += 8) wide.push(readUInt64(extra, from));
    at = end;
  }
  return fields.map((field) => (field === 0xffffffff ? (wide.shift() ?? field) : field));
}

function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
