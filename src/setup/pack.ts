/**
 * Everything that a machine without network needs, as files of a chosen size: finished folders of the cache (backends,
 * backbone, MPI) and the npm packages of a clone. Beside the pieces stand a manifest with their hashes and `unpack.cjs`, which
 * puts it all in place with nothing but Node (src/setup/unpack.ts).
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { expected, UserError } from "../errors";
import { cacheFolder } from "./cache-folder";
import { hashOfFile, MANIFEST, type PackEntry, type PackManifest, type PackPart } from "./unpack";

/** A folder to pack: a finished one of the cache, or `node_modules` of the project. */
export interface PackSource {
  readonly name: string;
  readonly in: PackPart["in"];
  /** Absolute. */
  readonly folder: string;
  /** A small file in it that tells one making of the folder from another. */
  readonly stamp: string;
}

export interface PackedPart {
  readonly name: string;
  readonly pieces: number;
  /** Before and after compression. */
  readonly megabytes: number;
  readonly packedMegabytes: number;
}

/** The project's folder, from `src/setup` as from `dist/setup`. */
export const projectFolder: string = path.resolve(__dirname, "../..");

/** Reads `60M`: bytes, with K, M or G for 10³, 10⁶, 10⁹. @throws UserError "usage" */
export function readPieceSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)B?$/i.exec(text.trim());
  const unit = { "": 1, K: 1e3, M: 1e6, G: 1e9 }[match?.[2].toUpperCase() ?? ""] ?? 1;
  const bytes = Math.floor(Number(match?.[1]) * unit);
  if (!(bytes >= 1000)) throw expected("usage", "a size of at least 1K, such as 60M", `"${text}"`, "--piece-size");
  return bytes;
}

/**
 * Writes the pack. The manifest comes last: without it there is no pack.
 * @param folder new, empty, or holding an older pack, which is replaced
 * @throws UserError "usage" for a folder that holds anything else
 */
export async function writePack(
  folder: string,
  sources: readonly PackSource[],
  pieceSize: number,
  packed: (part: PackedPart) => void = () => {},
): Promise<PackManifest> {
  prepareFolder(folder);
  const parts: PackPart[] = [];
  for (const [i, source] of sources.entries()) {
    const root = source.in === "cache" ? cacheFolder() : projectFolder;
    const entries = entriesOf(source.folder);
    const stem = `${String(i + 1).padStart(2, "0")}-${path.basename(source.folder)}`;
    const pieces = await writePieces(source.folder, entries, folder, stem, pieceSize);
    const relative = path.relative(root, source.folder).split(path.sep).join("/");
    const stamp = { path: source.stamp, sha256: hashOfFile(path.join(source.folder, source.stamp)) };
    parts.push({ name: source.name, in: source.in, folder: relative, entries, stamp, pieces });
    packed({
      name: source.name,
      pieces: pieces.length,
      megabytes: Math.round(entries.reduce((sum, each) => sum + ("size" in each ? each.size : 0), 0) / 1e6),
      packedMegabytes: Math.round(pieces.reduce((sum, each) => sum + each.bytes, 0) / 1e6),
    });
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(projectFolder, "package.json"), "utf8")) as PackManifest;
  const manifest: PackManifest = { format: 1, version, platform: process.platform, arch: process.arch, parts };
  copyUnpacker(folder);
  const temporary = path.join(folder, `${MANIFEST}.new`);
  fs.writeFileSync(temporary, JSON.stringify(manifest));
  fs.renameSync(temporary, path.join(folder, MANIFEST));
  return manifest;
}

function prepareFolder(folder: string): void {
  fs.mkdirSync(folder, { recursive: true });
  const names = fs.readdirSync(folder);
  const own = names.filter(
    (name) => name === MANIFEST || name === "unpack.cjs" || /^\d\d-.*\.\d{3,}(\.part)?$/.test(name),
  );
  const other = names.find((name) => !own.includes(name));
  if (other !== undefined)
    throw new UserError(
      "usage",
      `--pack: ${folder} holds ${other}, which is no part of a pack; name a new or empty folder`,
    );
  // The manifest first: a folder with half of its pieces must not look like a pack.
  for (const name of [MANIFEST, ...own]) fs.rmSync(path.join(folder, name), { force: true });
}

/** Files and links below a folder, in order. Links that lead out of it are taken as what they lead to. */
function entriesOf(folder: string): PackEntry[] {
  const real = fs.realpathSync(folder);
  return namesBelow(folder).flatMap((name): PackEntry[] => {
    const file = path.join(folder, name);
    const at = name.split(path.sep).join("/");
    // What tools keep in a clone's node_modules, and the link to the clone's own command, which every npm script renews.
    if (at === ".cache" || at.startsWith(".cache/") || at === ".bin/a2gnn") return [];
    const link = fs.lstatSync(file).isSymbolicLink() ? fs.readlinkSync(file) : undefined;
    if (link !== undefined) {
      const end = path.resolve(path.dirname(path.join(real, name)), link);
      const inside = !path.isAbsolute(link) && end.startsWith(`${real}${path.sep}`);
      if (inside) return [{ path: at, link }];
      if (fs.statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return []; // a folder elsewhere, or nothing
    }
    const stat = fs.statSync(file);
    return stat.isFile() ? [{ path: at, mode: stat.mode & 0o777, size: stat.size }] : [];
  });
}

/** Everything below a folder but folders, relative to it, in order. A link to a folder is one name: it is not followed. */
function namesBelow(folder: string, below = ""): string[] {
  return fs
    .readdirSync(path.join(folder, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(below, entry.name);
      return entry.isDirectory() ? namesBelow(folder, name) : [name];
    });
}

async function writePieces(
  source: string,
  entries: readonly PackEntry[],
  folder: string,
  stem: string,
  pieceSize: number,
): Promise<PackPart["pieces"]> {
  const pieces: { file: string; bytes: number; sha256: string }[] = [];
  const gzip = zlib.createGzip({ level: 4, chunkSize: 1 << 20 });
  feed(source, entries, gzip).catch((error: Error) => gzip.destroy(error));
  let piece = openPiece(folder, stem, 1);
  for await (const chunk of gzip as AsyncIterable<Buffer>) {
    let rest = chunk;
    while (rest.length > 0) {
      if (piece.bytes === pieceSize) {
        pieces.push(piece.close());
        piece = openPiece(folder, stem, pieces.length + 1);
      }
      const now = rest.subarray(0, pieceSize - piece.bytes);
      piece.write(now);
      rest = rest.subarray(now.length);
    }
  }
  pieces.push(piece.close());
  return pieces;
}

async function feed(source: string, entries: readonly PackEntry[], gzip: zlib.Gzip): Promise<void> {
  for (const entry of entries) {
    if ("link" in entry) continue;
    let bytes = 0;
    for await (const chunk of fs.createReadStream(path.join(source, entry.path), { highWaterMark: 1 << 20 })) {
      bytes += (chunk as Buffer).length;
      if (!gzip.write(chunk)) await new Promise((resolve) => gzip.once("drain", resolve));
    }
    if (bytes !== entry.size) throw new Error(`${entry.path} changed while it was packed`);
  }
  gzip.end();
}

interface Piece {
  bytes: number;
  write(chunk: Buffer): void;
  close(): PackPart["pieces"][number];
}

function openPiece(folder: string, stem: string, number: number): Piece {
  const file = `${stem}.${String(number).padStart(3, "0")}`;
  const open = fs.openSync(path.join(folder, file), "w");
  const hash = createHash("sha256");
  const piece: Piece = {
    bytes: 0,
    write(chunk) {
      fs.writeSync(open, chunk);
      hash.update(chunk);
      piece.bytes += chunk.length;
    },
    close() {
      fs.closeSync(open);
      return { file, bytes: piece.bytes, sha256: hash.digest("hex") };
    },
  };
  return piece;
}

/** The compiled unpack.ts, beside the pieces. */
function copyUnpacker(folder: string): void {
  const compiled = path.join(projectFolder, "dist/setup/unpack.js");
  if (!fs.existsSync(compiled))
    throw new UserError("environment", `${compiled} is missing, which every pack holds: npm run build makes it`);
  fs.copyFileSync(compiled, path.join(folder, "unpack.cjs"));
}
