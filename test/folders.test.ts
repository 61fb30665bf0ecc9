import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { readBounded, readBoundedText } from "../src/data/bounded-file";
import { nearestNames, whyNotPlain } from "../src/data/file-names";
import { readImageList } from "../src/data/image-list";
import { listImages } from "../src/data/list-images";
import { findImage } from "../src/data/photographs";
import { UserError } from "../src/errors";
import { withoutControls } from "../src/shown-text";
import { openWeights } from "../src/weights/checkpoint";

let root = "";
before(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "folders-"));
});
after(() => fs.rmSync(root, { recursive: true }));

/** A data folder with files of these names, empty. */
function folderOf(name: string, ...files: string[]): string {
  const folder = path.join(root, name);
  fs.mkdirSync(path.join(folder, "JPEGImages"), { recursive: true });
  for (const file of files) fs.writeFileSync(path.join(folder, "JPEGImages", file), "");
  return folder;
}

const isWindows = process.platform === "win32";

test("photographs of every extension count, in upper case too", async () => {
  const names = ["a.jpg", "b.JPEG", "c.png", "d.webp", "e.BMP", "f.tif", "g.tiff", "h.jfif", "i.gif", "j.avif"];
  const folder = folderOf("extensions", ...names, "notes.txt", ".hidden.jpg", "Thumbs.db");
  const { ids, notices } = await listImages(folder, "train_aug.txt", false);
  assert.deepEqual(ids, [..."abcdefghij"]);
  assert.equal(notices.length, 1);
  for (const [index, id] of ids.entries())
    assert.equal(await findImage(folder, id), path.join(folder, "JPEGImages", names[index]));
});

test("what is left out is named with its count", async () => {
  const long = `${"x".repeat(251)}.jpg`;
  const folder = folderOf("left-out", "a.jpg", "a.png", "a.webp", "b.heic", "c.NEF", "d.jpg", long);
  const { ids, notices } = await listImages(folder, "train_aug.txt", false);
  assert.deepEqual(ids, ["a", "d"]);
  assert.match(notices[1], /^1 photograph left out for their names: x+…x+\.jpg: it is longer than 250 bytes/);
  assert.match(
    notices[2],
    /^2 photographs left out as names must differ .*: a\.png and a\.webp \(a\.jpg has the same name/,
  );
  assert.match(notices[3], /^2 photographs left out as formats .*: b\.heic, c\.NEF/);
  assert.match(await findImage(folder, "a"), /a\.jpg$/);
});

test("colons and 205 characters are names like others", { skip: isWindows }, async () => {
  const names = ["cam_12:30:05", "x".repeat(205), "50%", "a'b;c"];
  const folder = folderOf("odd", ...names.map((name) => `${name}.jpg`));
  const { ids, notices } = await listImages(folder, "train_aug.txt", false);
  assert.deepEqual(ids, [...names].sort());
  assert.equal(notices.length, 1);
  assert.match(whyNotPlain("C:x", "win32") ?? "", /colon/);
  assert.equal(whyNotPlain("C:x", "linux"), undefined);
});

test("accents are found however they are written", async () => {
  const folder = folderOf("accents", "cafe\u0301.JPG");
  assert.match(await findImage(folder, "caf\u00e9"), /JPG$/);
  const [id] = (await listImages(folder, "train_aug.txt", false)).ids;
  assert.match(await findImage(folder, id), /JPG$/);
});

test("a list's ' 0' and ' 1' are part of the name where a photograph has it", async () => {
  const folder = folderOf("flags", "scan 0.jpg", "scan 1.jpg");
  fs.writeFileSync(path.join(folder, "all.txt"), "scan 0\nscan 1\n");
  assert.deepEqual((await readImageList(path.join(folder, "all.txt"), folder)).ids, ["scan 0", "scan 1"]);
});

test("a name that is not there is answered by the nearest", async () => {
  const folder = folderOf("near", "0f3c2a9e-street.jpg", "my photo.jpg", "zebra.jpg");
  await assert.rejects(findImage(folder, "street"), /no image "street" .*; near it: 0f3c2a9e-street$/);
  await assert.rejects(findImage(folder, "my%20photo"), /near it: my photo$/);
  await assert.rejects(findImage(folder, "qqq"), (error: Error) => !error.message.includes("near it"));
  assert.deepEqual(nearestNames("Zebra", ["a", "zebra", "zebra_2"]), ["zebra", "zebra_2"]);
});

test("pipes, sockets, devices and folders are refused at once", { skip: isWindows, timeout: 20_000 }, async () => {
  const pipe = path.join(root, "pipe");
  execFileSync("mkfifo", [pipe]);
  await assert.rejects(readBounded(pipe, 1000, "points"), /points as a file, got a named pipe/);
  await assert.rejects(openWeights(pipe), /weights as a file, got a named pipe/);
  await assert.rejects(readBounded("/dev/zero", 1000, "points"), /got a device/);
  await assert.rejects(readBounded(root, 1000, "points"), /got a folder/);
  const socket = path.join(root, "socket");
  const server = net.createServer().listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
  await assert.rejects(readBounded(socket, 1000, "points"), /got a socket/);
  server.close();
});

test("text comes in UTF-8 and UTF-16, and other bytes are told of", async () => {
  const file = path.join(root, "text.txt");
  for (const [bytes, wanted] of [
    [Buffer.from("\ufeffé", "utf8"), "é"],
    [Buffer.from("\ufeffé", "utf16le"), "é"],
    [Buffer.from("\ufeffé", "utf16le").swap16(), "é"],
  ] as const) {
    fs.writeFileSync(file, bytes);
    assert.equal(await readBoundedText(file, 100, "names"), wanted);
  }
  fs.writeFileSync(file, Buffer.from([0xe9]));
  await assert.rejects(readBoundedText(file, 100, "names"), /names as UTF-8 text, got other bytes: save it as UTF-8/);
});

test("control characters are shown escaped, line feeds stay", () => {
  assert.equal(withoutControls("a\u001b[31mb\u0007\u009b\u202e\n\tc"), "a\\x1b[31mb\\x07\\x9b\\u202e\n\tc");
  assert.equal(new UserError("input", "\u001b]0;x\u0007").message, "\\x1b]0;x\\x07");
});
