/** An export as a zip that is written while it is downloaded, or as a new folder beside the photographs. */

import { strToU8, Zip, ZipDeflate } from "fflate";
import type { ContainedFolder } from "./contained-folder";
import type { ExportedFile } from "./export-files";

/** Dates of entries are fixed, so that equal labels give equal bytes. */
const DATE = new Date(2000, 0, 1);

/** @returns the bytes of a zip, piece by piece */
export function zipStream(files: AsyncIterable<ExportedFile>): ReadableStream<Uint8Array> {
  const iterator = files[Symbol.asyncIterator]();
  let archive: Zip;
  return new ReadableStream({
    start(controller) {
      archive = new Zip((error, chunk, isLast) => {
        if (error) return controller.error(error);
        controller.enqueue(chunk);
        if (isLast) controller.close();
      });
    },
    async pull() {
      const { value, done } = await iterator.next();
      if (done) return archive.end();
      const entry = new ZipDeflate(value.path, { level: 6 });
      entry.mtime = DATE;
      archive.add(entry);
      entry.push(typeof value.bytes === "string" ? strToU8(value.bytes) : value.bytes, true);
    },
    async cancel() {
      await iterator.return?.(undefined);
    },
  });
}

/** Writes into `Exports/FORMAT`, or the first of `FORMAT-2`, `FORMAT-3`, … that does not exist. */
export async function exportFolder(
  folder: ContainedFolder,
  format: string,
  files: AsyncIterable<ExportedFile>,
): Promise<{ folder: string; files: number }> {
  const taken = new Set(await folder.names("Exports"));
  let name = format;
  for (let number = 2; taken.has(name); number++) name = `${format}-${number}`;
  let count = 0;
  for await (const { path, bytes } of files) {
    await folder.write(["Exports", name, ...path.split("/")], bytes);
    count++;
  }
  return { folder: `Exports/${name}`, files: count };
}
