/** Two runs in one place: refused where they would mix, let in where they share the work, and nobody waits for the dead. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, beforeEach, test } from "node:test";
import { hostMark } from "../src/atomic-write";
import { claimFolder } from "../src/files/claim";
import { thisProcess } from "../src/files/living-process";
import { openFolder } from "../src/steps/outputs/output-folder";
import { claimSession, trainingSession } from "../src/training/session";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-claims-"));
const folder = path.join(work, "labels");
const marks = path.join(folder, ".a2gnn", "running", "run");
beforeEach(() => fs.rmSync(folder, { recursive: true, force: true }));
after(() => fs.rmSync(work, { recursive: true }));

const claim = (key?: string): ReturnType<typeof claimFolder> =>
  claimFolder(folder, { what: `the folder ${folder}`, cure: "choose another --save-path", key });

/** A number that no process has: that of one which has ended. */
const deadPid = spawnSync(process.execPath, ["-e", ""]).pid;

function leaveMark(mark: object, ageSeconds = 0): string {
  fs.mkdirSync(marks, { recursive: true });
  const file = path.join(marks, "1-left.json");
  fs.writeFileSync(file, JSON.stringify({ token: "left", key: "other", ...mark }));
  const then = new Date(Date.now() - 1000 * ageSeconds);
  fs.utimesSync(file, then, then);
  return file;
}

test("runs of one key share a folder, another is refused and told who is there; nothing is left in the end", async () => {
  const [first, second] = [await claim("a"), await claim("a")];
  await assert.rejects(claim("b"), {
    code: "output",
    message: new RegExp(
      `process ${process.pid} on ${os.hostname()} writes into the folder .*choose another --save-path`,
    ),
  });
  first?.release();
  await assert.rejects(claim("b"), /other settings/);
  second?.release();
  fs.mkdirSync(folder, { recursive: true });
  (await claim("b"))?.release();
  assert.deepEqual(fs.readdirSync(folder), []);
  fs.rmdirSync(folder);
  (await claim("b"))?.release();
  assert.ok(!fs.existsSync(folder), "a run that wrote nothing leaves no folder");
});

test("of ten runs that begin at once with settings of their own, one gets the folder", async () => {
  const claims = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => claim(String(i))));
  const held = claims.filter(({ status }) => status === "fulfilled");
  assert.equal(held.length, 1);
});

test("marks of the dead do not count: an ended process, another one of its number, a torn mark, a silent machine", async () => {
  const takesOver = async (): Promise<void> => {
    const held = await claim("mine");
    assert.ok(held);
    assert.equal(fs.existsSync(path.join(marks, "1-left.json")), false);
    held.release();
  };
  leaveMark({ pid: deadPid, host: os.hostname() });
  await takesOver();
  const { started } = thisProcess();
  if (started !== undefined) {
    leaveMark({ pid: process.pid, host: os.hostname(), started: `${started}0` });
    await takesOver();
  }
  fs.writeFileSync(leaveMark({}), '{"pid": 12');
  await takesOver();
  leaveMark({ pid: process.pid, host: "elsewhere" }, 601);
  await takesOver();
  leaveMark({ pid: deadPid, host: "elsewhere" }, 300);
  await assert.rejects(claim("mine"), /on elsewhere writes into .* delete .*1-left\.json/);
});

test("a folder that cannot be written is refused in the words of every step", async () => {
  fs.writeFileSync(folder, "");
  await assert.rejects(claim("a"), { code: "output", message: /cannot write in the folder .*labels/ });
});

test("two trainings of one name: the second is refused; of two names in one folder: both run", async () => {
  const session = (name: string): ReturnType<typeof trainingSession> => trainingSession(path.join(folder, name), {});
  const first = await claimSession(session("a"));
  await assert.rejects(claimSession(session("a")), /works on the session .*a: .*choose another --session-name/);
  const second = await claimSession(session("b"));
  first?.release();
  second?.release();
  (await claimSession(session("a")))?.release();
  assert.deepEqual(fs.readdirSync(folder), []);
});

test("a folder of results is swept, and so are its records", async () => {
  const records = path.join(folder, ".a2gnn");
  fs.mkdirSync(records, { recursive: true });
  const left = (where: string, name: string): void => fs.writeFileSync(path.join(where, name), "half");
  left(folder, `.a.png.${hostMark}.${deadPid}.0.tmp`);
  left(records, `.settings-0123456789abcdef.json.${hostMark}.${deadPid}.3.tmp`);
  left(records, `.a.png.json.${hostMark}.${process.pid}.1.tmp`); // of a process that lives
  await openFolder(folder);
  assert.deepEqual(fs.readdirSync(folder), [".a2gnn"]);
  assert.deepEqual(fs.readdirSync(records), [`.a.png.json.${hostMark}.${process.pid}.1.tmp`]);
});

test("a session sweeps what killed processes left of it, and refuses a table that is no log of a training", async () => {
  fs.mkdirSync(folder);
  const left = (name: string): void => fs.writeFileSync(path.join(folder, name), "half");
  left(`.run.pth.${hostMark}.${deadPid}.0.tmp`);
  left(`.run.csv.${hostMark}.${process.pid}.7.tmp`); // of a process that lives
  left(`.other.pth.${hostMark}.${deadPid}.0.tmp`); // of another session
  left(`.run.safetensors.0123ab.${deadPid}.0.tmp`); // of another machine, a moment ago
  const session = trainingSession(path.join(folder, "run"), {});
  (await claimSession(session))?.release();
  assert.deepEqual(
    fs.readdirSync(folder).sort(),
    [
      `.other.pth.${hostMark}.${deadPid}.0.tmp`,
      `.run.csv.${hostMark}.${process.pid}.7.tmp`,
      `.run.safetensors.0123ab.${deadPid}.0.tmp`,
    ].sort(),
  );
  fs.writeFileSync(session.log.csv, "name,price\nbolt,2\n");
  await assert.rejects(claimSession(session), /run\.csv already exists and is no log of a training/);
  fs.writeFileSync(session.log.csv, "step,epoch,learning_rate,loss,images_per_second\n1,1,0.1,2,3\n");
  (await claimSession(session))?.release();
});
