/**
 * Puts what `setup --pack` wrote into place: folders of the cache, and the npm packages of a clone. The machine may have no
 * network and the clone no packages yet, so this file stands by itself, without imports but Node's own: a copy of it travels
 * in every pack as `unpack.cjs`.
 *
 *   node PACK/unpack.cjs [CLONE]     CLONE: the folder of the project, whose npm packages come along; default: here
 *
 * A pack is data from outside. Every piece's SHA-256 is compared before anything is written, paths and links that lead out
 * of their folder are refused, and a folder appears under its name by one rename when it is complete.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";

export const MANIFEST = "a2gnn-pack.json";

/** A file, with its bytes in the order of the list, or a symbolic link. */
export type PackEntry =
  | { readonly path: string; readonly mode: number; readonly size: number }
  | { readonly path: string; readonly link: string };

export interface PackPart {
  /** In words. */
  readonly name: string;
  /** Whether the folder is below the cache or below the project. */
  readonly in: "cache" | "project";
  /** Relative, with `/`. */
  readonly folder: string;
  readonly entries: readonly PackEntry[];
  /** The file that tells one making of this folder from another, and its hash. */
  readonly stamp: { readonly path: string; readonly sha256: string };
  /** Of the gzip stream of all files, one after the other. */
  readonly pieces: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
}

export interface PackManifest {
  readonly format: 1;
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
  readonly parts: readonly PackPart[];
}

export interface UnpackedPart {
  readonly name: string;
  readonly folder: string;
  /** False where the same folder was there already. */
  readonly made: boolean;
  readonly megabytes: number;
}

/** Where the parts go. */
export interface Destinations {
  readonly cache: string;
  /** Absent where there is no project to fill: its part is left out. */
  readonly project?: string;
}

/**
 * @param pack the folder that holds the manifest and its pieces
 * @throws Error that says what was expected, what came, and what mends it
 */
export async function unpackPack(
  pack: string,
  destinations: Destinations,
  said: (message: string) => void = () => {},
): Promise<UnpackedPart[]> {
  const manifest = readManifest(pack);
  const { platform, arch } = process;
  if (manifest.platform !== platform || manifest.arch !== arch)
    throw new Error(
      `expected a pack for ${platform} ${arch}, got one for ${manifest.platform} ${manifest.arch} (${pack}): make it on a machine of this kind`,
    );
  const parts = manifest.parts.map((part) => ({ part, root: destinations[part.in] }));
  const wanted: { part: PackPart; folder: string; made: boolean }[] = [];
  for (const { part, root } of parts) {
    if (root === undefined) continue;
    const folder = path.join(root, checkedPath(part.folder));
    wanted.push({ part, folder, made: !isThere(part, folder) });
  }
  for (const { part, made } of wanted) {
    if (!made) continue;
    said(`checking ${part.name}: ${part.pieces.length} pieces`);
    for (const piece of part.pieces) await checkPiece(pack, piece);
  }
  const unpacked: UnpackedPart[] = [];
  for (const { part, folder, made } of wanted) {
    if (made) {
      said(`unpacking ${part.name}`);
      await unpackPart(pack, part, folder);
    }
    unpacked.push({ name: part.name, folder, made, megabytes: Math.round(bytesOf(part) / 1e6) });
  }
  return unpacked;
}

/** @throws Error for a manifest that is none, or of another form */
function readManifest(pack: string): PackManifest {
  const file = path.join(pack, MANIFEST);
  let read: Partial<PackManifest>;
  try {
    read = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<PackManifest>;
  } catch (error) {
    throw new Error(`expected what setup --pack wrote, got no readable ${file}: ${(error as Error).message}`);
  }
  if (read.format !== 1 || !Array.isArray(read.parts) || !read.parts.every(isPart))
    throw new Error(`expected a pack of format 1 with its parts, got another (${file}): make it with this version`);
  return read as PackManifest;
}

function isPart(part: Partial<PackPart>): boolean {
  const { name, folder, entries, pieces, stamp } = part;
  return (
    typeof name === "string" &&
    typeof stamp?.path === "string" &&
    typeof folder === "string" &&
    (part.in === "cache" || part.in === "project") &&
    Array.isArray(entries) &&
    entries.every(isEntry) &&
    Array.isArray(pieces) &&
    pieces.every(({ file, bytes, sha256 }) => typeof file === "string" && isCount(bytes) && typeof sha256 === "string")
  );
}

function isEntry(entry: { path?: unknown; link?: unknown; mode?: unknown; size?: unknown }): boolean {
  if (typeof entry.path !== "string") return false;
  return typeof entry.link === "string" || (isCount(entry.mode) && isCount(entry.size));
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A relative path that stays below where it begins. @throws Error for any other */
function checkedPath(given: string): string {
  const parts = given.split("/");
  const plain = parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\\\0]/.test(part));
  if (!plain) throw new Error(`expected a path below its folder, got ${JSON.stringify(given)} in the pack's manifest`);
  return path.join(...parts);
}

/** A link's target, seen from its folder. @throws Error for one that leads out of the part */
function checkedLink(at: string, target: string): string {
  const end = path.posix.normalize(path.posix.join(path.posix.dirname(at), target));
  if (path.posix.isAbsolute(target) || end === ".." || end.startsWith("../"))
    throw new Error(
      `expected a link within its folder, got ${JSON.stringify(at)} → ${JSON.stringify(target)} in the pack's manifest`,
    );
  return target;
}

/** Whether the folder holds every entry already, as a look at its stamp and at names and sizes tells. */
function isThere(part: PackPart, folder: string): boolean {
  const stamp = path.join(folder, checkedPath(part.stamp.path));
  if (!fs.existsSync(stamp) || hashOfFile(stamp) !== part.stamp.sha256) return false;
  return part.entries.every((entry) => {
    const stat = fs.lstatSync(path.join(folder, checkedPath(entry.path)), { throwIfNoEntry: false });
    if (stat === undefined) return false;
    return "link" in entry ? stat.isSymbolicLink() : stat.isFile() && stat.size === entry.size;
  });
}

/** Of a small file, read at once. */
export function hashOfFile(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

async function checkPiece(pack: string, { file, bytes, sha256 }: PackPart["pieces"][number]): Promise<void> {
  const whole = path.join(pack, checkedPath(file));
  const found = fs.statSync(whole, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`the piece ${file} is missing in ${pack}: copy it again`);
  if (found.size !== bytes)
    throw new Error(`expected ${bytes} bytes of ${file}, got ${found.size} (${pack}): copy it again`);
  const hash = createHash("sha256");
  for await (const chunk of fs.createReadStream(whole)) hash.update(chunk as Buffer);
  if (hash.digest("hex") !== sha256) throw new Error(`${file} is not what was packed (${pack}): copy it again`);
}

async function unpackPart(pack: string, part: PackPart, folder: string): Promise<void> {
  const building = `${folder}.building-${os.hostname()}-${process.pid}`;
  fs.rmSync(building, { recursive: true, force: true });
  try {
    fs.mkdirSync(building, { recursive: true });
    await writeFiles(bytesOfPieces(pack, part), part, building);
    // Links come last: nothing is written through them.
    for (const entry of part.entries)
      if ("link" in entry) {
        const place = path.join(building, checkedPath(entry.path));
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.symlinkSync(checkedLink(entry.path, entry.link), place);
      }
    const old = `${folder}.old-${process.pid}`;
    if (fs.existsSync(folder)) fs.renameSync(folder, old);
    fs.renameSync(building, folder);
    fs.rmSync(old, { recursive: true, force: true });
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
}

async function writeFiles(stream: AsyncIterable<Buffer>, part: PackPart, folder: string): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  for (const entry of part.entries) {
    if ("link" in entry) continue;
    const file = path.join(folder, checkedPath(entry.path));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const open = fs.openSync(file, "wx", entry.mode & 0o777);
    try {
      for (let left = entry.size; left > 0; ) {
        if (rest.length === 0) {
          const { value, done } = await chunks.next();
          if (done) throw new Error(`${part.name} ends within ${entry.path}: the pack is incomplete`);
          rest = value as Buffer<ArrayBuffer>;
        }
        const now = rest.subarray(0, left);
        fs.writeSync(open, now);
        rest = rest.subarray(now.length);
        left -= now.length;
      }
    } finally {
      fs.closeSync(open);
    }
  }
  if (rest.length > 0) throw new Error(`${part.name} is longer than its manifest says`);
}

/** The decompressed bytes of all pieces. */
function bytesOfPieces(pack: string, { pieces }: PackPart): AsyncIterable<Buffer> {
  const gunzip = zlib.createGunzip({ chunkSize: 1 << 20 });
  const feed = async (): Promise<void> => {
    for (const { file } of pieces)
      for await (const chunk of fs.createReadStream(path.join(pack, checkedPath(file)), { highWaterMark: 1 << 20 }))
        if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once("drain", resolve));
    gunzip.end();
  };
  feed().catch((error: Error) => gunzip.destroy(error));
  return gunzip;
}

function bytesOf({ entries }: PackPart): number {
  return entries.reduce((sum, entry) => sum + ("size" in entry ? entry.size : 0), 0);
}

/** Where the cache is: as cache-folder.ts has it, which this file may not import. */
function ownCache(): string {
  const { A2GNN_CACHE, XDG_CACHE_HOME } = process.env;
  if (A2GNN_CACHE) return path.resolve(A2GNN_CACHE);
  if (XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)) return path.join(XDG_CACHE_HOME, "a2gnn");
  return path.join(os.homedir(), ".cache", "a2gnn");
}

async function main(): Promise<void> {
  const project = path.resolve(process.argv[2] ?? ".");
  const manifest = path.join(project, "package.json");
  const isProject = fs.existsSync(manifest) && JSON.parse(fs.readFileSync(manifest, "utf8")).name === "a2gnn";
  const destinations = { cache: ownCache(), ...(isProject ? { project } : {}) };
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (!isProject) say(`${project} is no clone of a2gnn: its npm packages are left out (node unpack.cjs CLONE)`);
  for (const { name, folder, made, megabytes } of await unpackPack(__dirname, destinations, say))
    say(`${name}: ${made ? "unpacked" : "already there"}, ${megabytes} MB in ${folder}`);
}

if (require.main === module && path.basename(__filename) === "unpack.cjs")
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
