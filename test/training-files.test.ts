import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { checkSessionName } from "../src/config/training";
import { finishSession, isFinished, trainingSession } from "../src/training/session";
import { openEventWriter } from "../src/training/tensorboard";
import { openWeights } from "../src/weights/checkpoint";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-training-files-"));
after(() => fs.rmSync(work, { recursive: true }));

/** The checksum's own test vector: CRC-32C of "123456789" is e3069283. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function records(file: string): Buffer[] {
  const bytes = fs.readFileSync(file);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const content = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(bytes.readUInt32LE(at + 8), masked(bytes.subarray(at, at + 8)));
    assert.equal(bytes.readUInt32LE(at + 12 + length), masked(content));
    found.push(content);
    at += 16 + length;
  }
  return found;
}

/** Fields of a protocol buffer: number → value. */
function fields(message: Buffer): Map<number, number | Buffer> {
  const found = new Map<number, number | Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [number, type] = [Math.floor(key / 8), key % 8];
    const length = type === 0 ? 0 : type === 1 ? 8 : type === 5 ? 4 : varint();
    const content = message.subarray(at, at + length);
    at += length;
    if (type === 0) found.set(number, varint());
    else found.set(number, type === 1 ? content.readDoubleLE() : type === 5 ? content.readFloatLE() : content);
  }
  return found;
}

test("event files are what TensorBoard reads: records with checksums, version first, scalars by step", async () => {
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
  const folder = path.join(work, "events");
  const writer = await openEventWriter(folder, 300, assert.fail);
  await writer.scalars(301, { "loss/total": 0.25, learning_rate: 1e-2 });
  await writer.close();
  const [name] = fs.readdirSync(folder);
  assert.match(name, /^events\.out\.tfevents\.\d+\./);
  const events = records(path.join(folder, name)).map(fields);
  assert.equal(events[0].get(3)?.toString(), "brain.Event:2");
  assert.equal(events[1].get(2), 301); // a restart: what an earlier attempt logged from here on is forgotten
  assert.deepEqual([...fields(events[1].get(7) as Buffer)], [[1, 1]]);
  assert.equal(events[2].get(2), 301);
  const value = fields(fields(events[2].get(5) as Buffer).get(1) as Buffer);
  assert.equal(value.get(1)?.toString(), "learning_rate"); // the last of the repeated field
  assert.ok(Math.abs((value.get(2) as number) - 0.01) < 1e-8);
});

test("a finished run is known again, another run's result is not overwritten", async () => {
  const name = path.join(work, "deep", "run");
  const session = trainingSession(name, { lr: 0.01, images: 3 });
  assert.equal(await isFinished(session), false);
  const state = new Map([["conv1a.weight", { shape: [1, 2], data: Float32Array.of(1, 2) }]]);
  fs.mkdirSync(path.dirname(name));
  fs.writeFileSync(session.checkpoint.file, "");
  await finishSession(session, state);
  assert.deepEqual(fs.readdirSync(path.dirname(name)).sort(), ["run.pth", "run.safetensors"]);
  assert.equal(await isFinished(session), true);
  for (const file of Object.values(session.weights)) {
    const weights = await openWeights(file);
    assert.deepEqual([...(await weights.read("conv1a.weight")).data], [1, 2]);
    await weights.close();
  }
  const other = trainingSession(name, { lr: 0.02, images: 3 });
  await assert.rejects(isFinished(other), /of another run: lr 0\.01 \(now 0\.02\)/);
  fs.rmSync(session.weights.safetensors);
  await assert.rejects(isFinished(session), /run\.pth already exists and is not of this run/);
});

test("where the disk refuses the result, the weights are put elsewhere, and the error says where", async () => {
  const state = new Map([["w", { shape: [2], data: Float32Array.of(1, 2) }]]);
  const folder = path.join(work, "refused");
  fs.mkdirSync(path.join(folder, "run.pth"), { recursive: true }); // a folder of the name: the .pth cannot be written
  const session = trainingSession(path.join(folder, "run"), { lr: 0.01 });
  await assert.rejects(finishSession(session, state, work), (error: Error) => {
    const [, rescued] = /run\.pth: .*; the trained weights are in (.+)$/.exec(error.message) ?? [];
    assert.ok(rescued.startsWith(work) && fs.statSync(rescued).isFile());
    return true;
  });
  fs.rmdirSync(session.weights.pth);
  assert.equal(await isFinished(session), false, "half a result is none, and no reason to refuse the run");
  await finishSession(session, state, work);
  assert.equal(await isFinished(session), true);
});

test("a session has a name, and may lie in any folder", () => {
  for (const name of ["", "/", ".", "..", "out/", "out/.", "out/..", "C:\\\\"])
    assert.throws(
      () => checkSessionName(name),
      { code: "usage", message: /a name for the results.*--session-name/ },
      name,
    );
  for (const name of [undefined, "net", "out/net", "out/.net", "a..", "/tmp/net.v2"]) checkSessionName(name);
});

test("weights of another run, or of nobody's, are moved to .old/ where a training starts over", async () => {
  const name = path.join(work, "over", "run");
  const state = (value: number) => new Map([["w", { shape: [1], data: Float32Array.of(value) }]]);
  await finishSession(trainingSession(name, { lr: 0.01 }), state(1));
  await finishSession(trainingSession(name, { lr: 0.01 }), state(1));
  assert.ok(!fs.existsSync(path.join(work, "over", ".old")), "the same run's are the same");
  await finishSession(trainingSession(name, { lr: 0.02 }), state(2));
  const old = await openWeights(path.join(work, "over", ".old", "run.safetensors"));
  assert.deepEqual([...(await old.read("w")).data], [1]);
  await old.close();
  assert.ok(fs.existsSync(path.join(work, "over", ".old", "run.pth")));
});
