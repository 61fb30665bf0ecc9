/** Files whose reading once cost out of proportion to their size, each written on the spot for the reader that meets it. */

import fs from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { readDataset } from "../../src/data/dataset";
import { readLabel } from "../../src/data/label-png";
import { readScribbles } from "../../src/data/scribbles";
import { readBoxes } from "../../src/data/voc-boxes";
import { readCams } from "../../src/seam/cam-dictionary";

export interface Expensive {
  readonly name: string;
  readonly file: string;
  /** The bytes; `scale` 1 is the full size. */
  bytes(scale: number): Buffer;
  /** Pixels that are drawn into: they may cost what as many bytes may. Default 0. */
  readonly pixels?: number;
  /** @throws UserError for a file that is refused */
  read(file: string): Promise<unknown>;
}

const MINI = path.resolve(__dirname, "../../data/mini");
const SIZE = { width: 148, height: 120 };
const SIDE = 4000;

export const EXPENSIVE: readonly Expensive[] = [
  {
    name: "16 MB of MEMOIZE in a pickle",
    file: "a.npy",
    bytes: (scale) => objectArray(Buffer.from("\x80\x04}", "latin1"), Buffer.alloc(Math.round(16e6 * scale), 0x94)),
    read: async (file) => readCams(file, await readDataset(MINI), SIZE),
  },
  {
    name: "60 MB of string escapes in a pickle",
    file: "a.npy",
    bytes: (scale) => objectArray(Buffer.from("S'"), Buffer.from("\\x41".repeat(Math.round(15e6 * scale))), "'\n"),
    read: async (file) => readCams(file, await readDataset(MINI), SIZE),
  },
  {
    name: "a polyline of 100,000 points across 4000×4000",
    file: "mini_0001.txt",
    pixels: SIDE * SIDE,
    bytes: (scale) => {
      const points = Array.from(
        { length: Math.round(1e5 * scale) },
        (_, i) => `${(i * 2671) % SIDE},${(i * 1733) % SIDE}`,
      );
      return Buffer.from(`1,${points.join(",")}\n`);
    },
    read: async (file) =>
      readScribbles(path.dirname(file), "mini_0001", await readDataset(MINI), { width: SIDE, height: SIDE }),
  },
  {
    name: "24 MB of empty parts in a PNG",
    file: "a.png",
    bytes: (scale) => {
      const header = Buffer.from([0, 0, 0, 148, 0, 0, 0, 120, 8, 3, 0, 0, 0]);
      const part = chunk("IDAT", Buffer.alloc(0));
      const parts = Buffer.alloc(part.length * Math.round(2e6 * scale), part);
      const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
      return Buffer.concat([signature, chunk("IHDR", header), parts, chunk("IEND", Buffer.alloc(0))]);
    },
    read: readLabel,
  },
  {
    name: "15 MB of <a><b/></a> in an XML",
    file: "a.xml",
    bytes: (scale) => Buffer.from(`<annotation>${"<a><b/></a>".repeat(Math.round(1.36e6 * scale))}</annotation>`),
    read: async (file) => readBoxes(file, await readDataset(MINI), SIZE),
  },
];

export function writeExpensive({ bytes }: Expensive, file: string, scale: number): void {
  fs.writeFileSync(file, bytes(scale));
}

/** A `.npy` file of one Python object, pickled. */
function objectArray(...pickle: (Buffer | string)[]): Buffer {
  const dictionary = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
  const header = `${dictionary.padEnd(117)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(header.length, 0)}${header}`, "latin1");
  return Buffer.concat([head, ...pickle.map((part) => Buffer.from(part)), Buffer.from(".")]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
