/**
 * What every `npm run` script does first: npm packages from the lock file, the build in dist/, the native backend in the
 * user's cache, `npx a2gnn` in this clone. Does only what is not there or stale, and says nothing when nothing is.
 * Plain Node without packages, because on a fresh clone there are none.
 *
 * usage: node scripts/prepare.cjs [--no-native] [--notebooks] [--mpi]
 *   --mpi  MPI as well, for the tests of several processes: 13 MB, unless the machine has one
 */

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const root = path.resolve(__dirname, "..");
const inRoot = (...parts) => path.join(root, ...parts);

/** Folders with a lock file of their own; what only notebooks need stays out of the library's. */
const packageFolders = process.argv.includes("--notebooks") ? [".", "notebooks"] : ["."];

function main() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node 20.19 or newer is needed, this is ${process.versions.node}`);
  if (!packageFolders.every(packagesAreCurrent) || !buildIsCurrent())
    oneAtATime(() => {
      for (const folder of packageFolders) if (!packagesAreCurrent(folder)) installPackages(folder);
      if (!buildIsCurrent()) build();
    });
  linkCommand();
  if (!process.argv.includes("--no-native")) setUpNative();
  if (process.argv.includes("--mpi")) setUpMpi();
}

// --- npm packages ---

/** Whether node_modules holds what package-lock.json says, by the record that npm writes when it is done. */
function packagesAreCurrent(folder) {
  const installed = readJson(inRoot(folder, "node_modules/.package-lock.json"));
  if (installed === undefined) return false;
  const wanted = Object.entries(readJson(inRoot(folder, "package-lock.json")).packages);
  return wanted.every(([where, { version, optional, link }]) => {
    if (where === "" || link) return true;
    const got = installed.packages[where];
    // Optional ones are other systems' binaries.
    if (got === undefined) return optional === true;
    return got.version === version && fs.existsSync(inRoot(folder, where, "package.json"));
  });
}

function installPackages(folder) {
  say(`npm packages${folder === "." ? "" : ` of ${folder}/`} from the lock file …`);
  const npm = process.env.npm_execpath ?? "";
  const [command, ...words] = /npm-cli\.js$/.test(npm) ? [process.execPath, npm] : ["npm"];
  run("npm ci", command, [...words, "ci", "--no-audit", "--no-fund", "--loglevel=error"], inRoot(folder));
}

// --- dist/ ---

const STAMP = "dist/.prepared";
const TYPES = "scripts/tensorflow-types.cjs";

/** Whether dist/ was built from these very sources and is whole. */
function buildIsCurrent() {
  if (readText(inRoot(STAMP)) !== sourcesHash()) return false;
  return sourceFiles().every((file) => fs.existsSync(inRoot("dist", file.replace(/\.ts$/, ".js"))));
}

/** Built aside and put in place by a rename: no file of an older build stays, and no one sees half a build. */
function build() {
  say("building dist/ …");
  const hash = sourcesHash();
  const aside = inRoot("node_modules/.cache", `a2gnn-dist-${process.pid}`);
  fs.rmSync(aside, { recursive: true, force: true });
  try {
    run("the build", process.execPath, [inRoot("node_modules/typescript/bin/tsc"), "-p", root, "--outDir", aside]);
    for (const file of sourceFiles().filter((each) => !each.endsWith(".ts"))) {
      fs.mkdirSync(path.dirname(path.join(aside, file)), { recursive: true });
      fs.copyFileSync(inRoot("src", file), path.join(aside, file));
    }
    buildPage(path.join(aside, "web"));
    require(inRoot(TYPES)).writeTensorflowTypes(root, aside);
    fs.chmodSync(path.join(aside, "cli.js"), 0o755);
    fs.writeFileSync(path.join(aside, path.basename(STAMP)), hash);
    const old = `${aside}-old`;
    if (fs.existsSync(inRoot("dist"))) fs.renameSync(inRoot("dist"), old);
    fs.renameSync(aside, inRoot("dist"));
    fs.rmSync(old, { recursive: true, force: true });
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

/** The page of `annotate`: one script, one style sheet. */
function buildPage(folder) {
  require(inRoot("node_modules/esbuild")).buildSync({
    entryPoints: { page: inRoot("web/src/main.ts"), "page-style": inRoot("web/page.css") },
    entryNames: "page",
    bundle: true,
    minify: true,
    target: "es2022",
    outdir: folder,
    logLevel: "warning",
  });
  for (const file of ["index.html", "icon.svg"]) fs.copyFileSync(inRoot("web", file), path.join(folder, file));
}

function sourceFiles(folder = "src") {
  return fs
    .readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => path.relative(inRoot(folder), path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function sourcesHash() {
  const hash = createHash("sha256");
  const sources = ["src", "web"].flatMap((folder) => sourceFiles(folder).map((each) => path.join(folder, each)));
  for (const file of ["tsconfig.json", "package.json", TYPES, ...sources])
    hash.update(`${file}\n`).update(fs.readFileSync(inRoot(file)));
  return hash.digest("hex");
}

// --- npx a2gnn, native backend, MPI ---

/** `npx a2gnn` in this clone: npm links the commands of dependencies, not a project's own. */
function linkCommand() {
  const link = inRoot("node_modules/.bin/a2gnn");
  const target = path.join("..", "..", "dist", "cli.js");
  try {
    if (fs.readlinkSync(link) === target) return;
  } catch {
    // not there yet, or a file
  }
  fs.rmSync(link, { force: true });
  fs.symlinkSync(target, link);
}

function setUpNative() {
  const { nativeState } = require(inRoot("dist/setup/native-backend.js"));
  const { findBackbone } = require(inRoot("dist/setup/backbone.js"));
  if (nativeState("cpu").state === "ready" && findBackbone() !== undefined) return;
  const status = setUp();
  if (status !== 0) process.exitCode = status ?? 1;
}

/** No failure, for tests of several processes are skipped where there is no MPI, and say so. */
function setUpMpi() {
  const { findMpi } = require(inRoot("dist/setup/mpi.js"));
  if (process.exitCode || findMpi() !== undefined) return;
  if (setUp("--mpi") !== 0) say("MPI could not be set up: the tests of several processes will be skipped");
}

function setUp(...options) {
  // Standard output belongs to the script that comes after us.
  return spawnSync(process.execPath, [inRoot("dist/cli.js"), "setup", ...options], { stdio: ["ignore", 2, 2] }).status;
}

// --- small parts ---

/** Two scripts started at once in one clone: the second waits, then finds the work done. */
function oneAtATime(work) {
  const lock = path.join(os.tmpdir(), `a2gnn-prepare-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`);
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isAbandoned(lock)) fs.rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function isAbandoned(lock) {
  const pid = Number(readText(lock));
  if (!pid) return Date.now() - (fs.statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 10_000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Runs quietly; shows what the command said only when it fails. */
function run(purpose, command, words, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd, encoding: "utf8" });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
  fail(`${purpose} failed${error ? `: ${error.message}` : ""}`);
}

function readText(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function say(what) {
  process.stderr.write(`prepare: ${what}\n`);
}

class Failure extends Error {}

function fail(message) {
  throw new Failure(message);
}

try {
  main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(error.message);
  process.exitCode = 1;
}
