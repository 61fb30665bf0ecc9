import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { withLock } from "../src/files/lock";
import { cacheFolder } from "../src/setup/cache-folder";
import { finishFolder, inspectFolder } from "../src/setup/finished-folder";
import { installCommand } from "../src/setup/install-command";
import { mpiRecipe, nativeRecipe, nativeSources } from "../src/setup/native-recipe";
import { checkPrerequisites, requirePrerequisites } from "../src/setup/prerequisites";
import { unpackWheels } from "../src/setup/wheels";

const place = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-setup-test-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

let count = 0;
function freshFolder(): string {
  return fs.mkdtempSync(path.join(place, `${count++}-`));
}

/** A recipe of one key file, and a build that counts how often it ran. */
function smallRecipe(hash = "1") {
  const recipe = { folder: path.join(freshFolder(), "part"), hash, keyFiles: ["lib/key"] };
  const built: string[] = [];
  const build = async (folder: string): Promise<void> => {
    built.push(folder);
    fs.mkdirSync(path.join(folder, "lib"));
    fs.writeFileSync(path.join(folder, "lib/key"), "four");
  };
  return { recipe, built, build };
}

/** A path folder with these programs alone, each a shell script. */
function pathWith(programs: Record<string, string>): NodeJS.ProcessEnv {
  const folder = freshFolder();
  for (const [name, script] of Object.entries(programs))
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: folder };
}

function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

test("the cache is A2GNN_CACHE, else below XDG_CACHE_HOME, else below the home", () => {
  assert.equal(cacheFolder({ A2GNN_CACHE: "/big/disk", XDG_CACHE_HOME: "/x" }), "/big/disk");
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/x" }), "/x/a2gnn");
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "relative" }), path.join(os.homedir(), ".cache/a2gnn"));
  assert.equal(cacheFolder({}), path.join(os.homedir(), ".cache/a2gnn"));
});

test("a folder is built once, and again when its recipe changes", async () => {
  const { recipe, built, build } = smallRecipe();
  assert.equal(inspectFolder(recipe).state, "missing");
  assert.equal(await finishFolder(recipe, build), true);
  assert.equal(inspectFolder(recipe).state, "ready");
  assert.equal(await finishFolder(recipe, build), false);
  assert.equal(built.length, 1);
  const newer = { ...recipe, hash: "2" };
  assert.equal(inspectFolder(newer).state, "stale");
  assert.equal(await finishFolder(newer, build), true);
  assert.equal(inspectFolder(newer).state, "ready");
  assert.equal(await finishFolder(newer, build, { force: true }), true);
  assert.equal(built.length, 3);
  assert.deepEqual(fs.readdirSync(path.dirname(recipe.folder)), ["part"]);
});

test("a damaged folder heals: key file lost or cut short, stamp unreadable", async () => {
  const { recipe, build } = smallRecipe();
  await finishFolder(recipe, build);
  const harm = [
    () => fs.rmSync(path.join(recipe.folder, "lib/key")),
    () => fs.writeFileSync(path.join(recipe.folder, "lib/key"), "cut"),
    () => fs.writeFileSync(path.join(recipe.folder, "stamp.json"), '{"recipe": "1", "fil'),
    () => fs.rmSync(path.join(recipe.folder, "stamp.json")),
  ];
  for (const damage of harm) {
    damage();
    assert.equal(inspectFolder(recipe).state, "damaged");
    assert.equal(await finishFolder(recipe, build), true);
    assert.equal(inspectFolder(recipe).state, "ready");
  }
});

test("a build that fails, or forgets a key file, leaves nothing, and keeps the old folder", async () => {
  const { recipe, build } = smallRecipe();
  await assert.rejects(
    finishFolder(recipe, () => Promise.reject(new Error("no network"))),
    /no network/,
  );
  await assert.rejects(
    finishFolder(recipe, async () => {}),
    /left no lib\/key/,
  );
  assert.deepEqual(fs.readdirSync(path.dirname(recipe.folder)), []);
  await finishFolder(recipe, build);
  await assert.rejects(finishFolder(recipe, () => Promise.reject(new Error("no network")), { force: true }));
  assert.equal(inspectFolder(recipe).state, "ready");
});

test("what a killed set-up left behind is cleared: half a folder and its lock", async () => {
  const { recipe, build } = smallRecipe();
  const pid = deadPid();
  fs.mkdirSync(`${recipe.folder}.building-${os.hostname()}-${pid}`);
  fs.mkdirSync(`${recipe.folder}.old-${pid}`);
  fs.writeFileSync(`${recipe.folder}.lock`, JSON.stringify({ pid, host: os.hostname(), token: "dead" }));
  assert.equal(await finishFolder(recipe, build), true);
  assert.deepEqual(fs.readdirSync(path.dirname(recipe.folder)), ["part"]);
});

test("two set-ups at once: one builds, the other waits and finds the work done", async () => {
  const { recipe, built, build } = smallRecipe();
  const waited: string[] = [];
  const slowly = async (folder: string): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await build(folder);
  };
  const options = { poll: 5, onWait: (holder: string) => waited.push(holder) };
  const made = await Promise.all([1, 2, 3].map(() => finishFolder(recipe, slowly, options)));
  assert.deepEqual(made.sort(), [false, false, true]);
  assert.equal(built.length, 1);
  assert.deepEqual(waited, Array(2).fill(`process ${process.pid} on ${os.hostname()}`));
});

test("a lock is released after an error, and taken over when nobody has touched it for long", async () => {
  const file = path.join(freshFolder(), "lock");
  await assert.rejects(
    withLock(file, () => Promise.reject(new Error("inside"))),
    /inside/,
  );
  assert.equal(fs.existsSync(file), false);
  fs.writeFileSync(file, JSON.stringify({ pid: 1, host: "another machine", token: "theirs" }));
  fs.utimesSync(file, 0, 0);
  assert.equal(await withLock(file, async () => "mine"), "mine");
  assert.equal(fs.existsSync(file), false);
});

test("a living holder on another machine is waited for, until the wait is called off", async () => {
  const file = path.join(freshFolder(), "lock");
  fs.writeFileSync(file, JSON.stringify({ pid: 1, host: "another machine", token: "theirs" }));
  const controller = new AbortController();
  const waiting = withLock(file, async () => "mine", {
    poll: 5,
    signal: controller.signal,
    onWait: () => controller.abort(),
  });
  await assert.rejects(waiting, { name: "AbortError" });
  assert.match(fs.readFileSync(file, "utf8"), /theirs/);
});

test("recipes: versions in the folder's name, a hash over all sources, everything pinned", () => {
  for (const kind of ["cpu", "gpu"] as const) {
    const recipe = nativeRecipe(kind, { A2GNN_CACHE: "/cache" });
    const { tfjsNodeVersion, tensorflowVersion } = recipe;
    assert.equal(
      recipe.folder,
      `/cache/native/${kind}-${tfjsNodeVersion}-${tensorflowVersion}-${process.platform}-${process.arch}`,
    );
    assert.match(recipe.hash, /^[0-9a-f]{64}$/);
    const lock = fs.readFileSync(path.join(nativeSources, kind, "package-lock.json"), "utf8");
    assert.doesNotMatch(lock, /"resolved": "http/);
    const requirements = fs.readFileSync(path.join(nativeSources, kind, "wheels.txt"), "utf8").replaceAll("\\\n", " ");
    for (const line of requirements.split("\n").filter((each) => /^\w/.test(each)))
      assert.match(line, /==[\d.]+ .*--hash=sha256:[0-9a-f]{64}/);
  }
  assert.notEqual(nativeRecipe("cpu").hash, nativeRecipe("gpu").hash);
  assert.match(mpiRecipe({ A2GNN_CACHE: "/cache" }).folder, /^\/cache\/mpi\/mpich-\d/);
});

test("tfjs-node, its stand-in for TensorFlow.js and our TensorFlow.js are of one version", () => {
  const read = (file: string) => JSON.parse(fs.readFileSync(file, "utf8"));
  const ours = read(path.resolve(nativeSources, "../package.json")).dependencies["@tensorflow/tfjs"];
  assert.equal(read(path.join(nativeSources, "tfjs/package.json")).version, ours);
  assert.equal(nativeRecipe("cpu").tfjsNodeVersion, ours);
  assert.equal(nativeRecipe("gpu").tfjsNodeVersion, ours);
});

const python = "case \"$*\" in *version_info*) echo 3.11.2;; *pip*) echo 'pip 23.0 from somewhere';; esac";

test("each missing prerequisite is named with the command that installs it", () => {
  const missing = (env: NodeJS.ProcessEnv): string[] =>
    checkPrerequisites(env)
      .filter(({ ok }) => !ok)
      .map(({ name }) => name);
  assert.deepEqual(missing(pathWith({})), ["Python 3.10 or newer", "pip", "C++ compiler"]);
  assert.deepEqual(missing(pathWith({ python3: python, "c++": "echo compiler 1.0" })), []);
  assert.deepEqual(missing(pathWith({ python3: python, "c++": "exit 1" })), ["C++ compiler"]);
  assert.deepEqual(missing({ ...pathWith({ python3: python, mine: "echo compiler" }), CXX: "mine -m64" }), []);
  const bare = 'case "$*" in *version_info*) echo 3.12.1;; *) exit 1;; esac';
  assert.deepEqual(missing(pathWith({ python3: bare, "g++": "echo g++" })), ["pip"]);
  const old = python.replace("3.11.2", "3.8.10");
  assert.deepEqual(missing(pathWith({ python3: old, "g++": "echo g++" })), ["Python 3.10 or newer"]);
  assert.deepEqual(missing(pathWith({ python3: old, "python3.12": python, "g++": "echo g++" })), []);
  for (const { how } of checkPrerequisites(pathWith({}))) assert.notEqual(how, "");
});

test("the set-up stops before it downloads anything, and says all that is missing at once", () => {
  assert.throws(
    () => requirePrerequisites(path.join(place, "not/there/yet"), 1, pathWith({})),
    (error: Error) => /Python.*\n.*pip.*\n.*C\+\+ compiler: none/.test(error.message),
  );
  assert.throws(
    () => requirePrerequisites(place, 1e12, pathWith({ python3: python, "c++": "echo compiler" })),
    /disk space: \d+ MB free at .*A2GNN_CACHE/,
  );
});

test("the command is the distribution's own", () => {
  assert.equal(installCommand("compiler", "ID=debian\n", true), "Install it: apt-get install -y g++");
  assert.equal(
    installCommand("pip", 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', false),
    "Install it: sudo apt-get install -y python3-pip",
  );
  assert.match(installCommand("compiler", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', false), /sudo dnf .*gcc-c\+\+/);
  assert.match(installCommand("python", "ID=something\n", false), /your system's package manager/);
});

test("wheels give up their libraries, headers and data, and nothing else", async () => {
  const [wheels, out] = [freshFolder(), freshFolder()];
  const write = `
import sys, zipfile
def wheel(name, entries):
    with zipfile.ZipFile(sys.argv[1] + "/" + name, "w") as z:
        for entry, mode in entries.items():
            info = zipfile.ZipInfo(entry); info.external_attr = mode << 16; z.writestr(info, entry)
wheel("tensorflow_cpu-1-x.whl", {"tensorflow/libtensorflow_cc.so.2": 0o644, "tensorflow/include/tensorflow/c/c_api.h": 0o644,
  "tensorflow/include/eigen/big.h": 0o644, "tensorflow/python/ops.py": 0o644, "tensorflow/include/tensorflow/c/../../../../evil.h": 0o644})
wheel("nvidia_x-1.whl", {"nvidia/cublas/lib/libcublas.so.12": 0o755, "nvidia/cublas/include/cublas.h": 0o644, "nvidia/cuda_nvcc/bin/ptxas": 0o755})
wheel("mpich-1.whl", {"mpich-1.data/data/bin/mpiexec": 0o755, "mpich-1.dist-info/METADATA": 0o644})`;
  assert.equal(spawnSync("python3", ["-c", write, wheels]).status, 0);
  await unpackWheels("python3", wheels, out);
  const files = (fs.readdirSync(out, { recursive: true }) as string[]).filter((file) =>
    fs.statSync(path.join(out, file)).isFile(),
  );
  assert.deepEqual(files.sort(), [
    "bin/mpiexec",
    "include/tensorflow/c/c_api.h",
    "lib/libtensorflow_cc.so.2",
    "nvidia/cublas/lib/libcublas.so.12",
    "nvidia/cuda_nvcc/bin/ptxas",
  ]);
  assert.ok(fs.statSync(path.join(out, "bin/mpiexec")).mode & 0o100);
});
