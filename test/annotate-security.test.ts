import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type AnnotateServer, startAnnotateServer } from "../src/annotate/server";
import { copyOfMini, standInWorker } from "./annotate-folder";

/** What a hostile page, a neighbour on the machine, or a hostile folder may try; each is refused before it does anything. */

const page = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-page-"));
fs.writeFileSync(path.join(page, "index.html"), "<!doctype html>");
fs.writeFileSync(path.join(page, "page.js"), "//");
const outside = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-outside-"));
const root = copyOfMini(3);
let server: AnnotateServer;
let base: string;
let id: string;

before(async () => {
  server = await startAnnotateServer(root, { page, worker: standInWorker(), allowedHosts: ["hub.example.org"] });
  base = server.address;
  id = server.session.photographs[0].id;
});
after(async () => {
  await server.close();
  for (const folder of [page, outside, root]) fs.rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** `fetch` would not let a test write Host, Origin or paths as it likes. */
function ask(
  method: string,
  address: string,
  headers: Record<string, string> = {},
  body: string | Buffer = "",
): Promise<Answer> {
  const { port, host } = new URL(base);
  const own = method === "GET" ? {} : { "x-annotate": "1", "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port, method, path: address, agent: false, headers: { host, ...own, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          if (response.headers["content-type"]?.startsWith("text/event-stream")) request.destroy();
        });
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        response.on("end", done);
        response.on("close", done);
        response.on("error", () => undefined);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

const at = (address: string): string => new URL(base).pathname + address;
const documentOf = async (): Promise<{ revision: string }> =>
  JSON.parse((await ask("GET", at(`photographs/${id}`))).body);
const save = (shapes: unknown, revision: string): Promise<Answer> =>
  ask("PUT", at(`photographs/${id}/shapes`), {}, JSON.stringify({ base: revision, shapes }));

test("the page itself is served, with headers that let it do little", async () => {
  const { status, headers } = await ask("GET", at(""));
  assert.equal(status, 200);
  assert.match(String(headers["content-security-policy"]), /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(String(headers["content-security-policy"]), /unsafe/);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.equal(headers["access-control-allow-origin"], undefined);
});

test("only this machine is listened to", async () => {
  const others = Object.values(os.networkInterfaces())
    .flat()
    .filter((each) => each?.family === "IPv4" && !each.internal);
  for (const other of others)
    await assert.rejects(
      new Promise<void>((resolve, reject) => {
        const socket = net.connect(server.port, other?.address, () => {
          socket.destroy();
          resolve();
        });
        socket.on("error", reject);
      }),
    );
  const listening = net.connect(server.port, "127.0.0.1");
  await new Promise((resolve) => listening.once("connect", resolve));
  listening.destroy();
});

test("without the token nothing is answered: pages, photographs, the event stream", async () => {
  const wrong = `${new URL(base).pathname.slice(1, -2)}${base.at(-2) === "0" ? "1" : "0"}`;
  for (const token of ["", wrong, "x", `${wrong}00`])
    for (const rest of ["", "folder", "events", "page.js", `photographs/${id}`, `photographs/${id}/image`])
      assert.equal((await ask("GET", `/${token}/${rest}`)).status, 403, `${token} ${rest}`);
  assert.equal((await ask("PUT", `/${wrong}/photographs/${id}/shapes`, {}, "{}")).status, 403);
  assert.equal((await ask("GET", at("events"))).status, 200);
});

test("a foreign host name is refused (DNS rebinding); a proxy's is known when it was named", async () => {
  for (const host of [
    "evil.example",
    `evil.example:${server.port}`,
    "127.0.0.1.evil.example",
    "localhost.evil.example",
  ])
    assert.equal((await ask("GET", at("folder"), { host })).status, 403, host);
  for (const host of ["localhost:8888", `127.0.0.1:${server.port}`, "[::1]:80", "hub.example.org"])
    assert.equal((await ask("GET", at("folder"), { host })).status, 200, host);
});

test("another page's requests are refused, even with the token", async () => {
  for (const origin of ["http://evil.example", "null", "http://127.0.0.1:1", "file://"])
    assert.equal((await ask("GET", at("folder"), { origin })).status, 403, origin);
  for (const site of ["cross-site", "same-site"])
    assert.equal((await ask("GET", at("folder"), { "sec-fetch-site": site })).status, 403, site);
  const own = `http://${new URL(base).host}`;
  assert.equal((await ask("GET", at("folder"), { origin: own, "sec-fetch-site": "same-origin" })).status, 200);
  // What a form can send.
  const form = { "content-type": "text/plain", "x-annotate": "" };
  assert.equal((await ask("POST", at("batch"), form, "{}")).status, 403);
  const preflight = await ask("OPTIONS", at("folder"), { origin: "http://evil.example" });
  assert.equal(preflight.headers["access-control-allow-origin"], undefined);
  assert.equal(preflight.status, 403);
});

test("ids, never paths: nothing but a photograph of the folder is found", async () => {
  fs.writeFileSync(path.join(outside, "secret.jpg"), "secret");
  for (const given of [
    "../../etc/passwd",
    "%2e%2e%2fdataset.json",
    "mini_0001",
    "mini_0001.jpg",
    "__proto__",
    "%00",
    ".",
  ]) {
    const { status, body } = await ask("GET", `${at("photographs/")}${given}/image`);
    assert.ok([403, 404, 422].includes(status), `${given}: ${status}`);
    assert.doesNotMatch(body, /root:|secret/);
  }
  for (const given of ["../package.json", "%2e%2e/package.json", "index.html/../../x", "page.css"])
    assert.notEqual((await ask("GET", at(given))).status, 200, given);
});

test("links that lead out of the folder are neither read nor written through", async () => {
  const victim = path.join(outside, "victim.txt");
  fs.writeFileSync(victim, "1,1,1,9,9\n");
  const photograph = server.session.photographs[1];
  const address = at(`photographs/${photograph.id}`);
  fs.mkdirSync(path.join(root, "Scribbles"), { recursive: true });
  const link = path.join(root, "Scribbles", `${photograph.name}.txt`);
  for (const target of [victim, path.join(outside, "not there yet.txt")]) {
    fs.symlinkSync(target, link);
    assert.equal((await ask("GET", address)).status, 422);
    const shapes = { boxes: [], strokes: [{ class: 1, points: [1, 1, 5, 5] }], clicks: [], pins: [] };
    const { status } = await ask("PUT", `${address}/shapes`, {}, JSON.stringify({ base: "", shapes }));
    assert.equal(status, 422);
    fs.unlinkSync(link);
  }
  assert.equal(fs.readFileSync(victim, "utf8"), "1,1,1,9,9\n");
  assert.deepEqual(fs.readdirSync(outside).sort(), ["secret.jpg", "victim.txt"]);

  const file = path.join(root, "JPEGImages", `${photograph.name}.jpg`);
  fs.renameSync(file, `${file}.kept`);
  fs.symlinkSync(path.join(outside, "secret.jpg"), file);
  const { status, body } = await ask("GET", `${address}/image`);
  assert.equal(status, 422);
  assert.doesNotMatch(body, /^secret/);
  fs.renameSync(`${file}.kept`, file);
});

test("a folder of labels that is a link out of the folder is refused", async () => {
  const { revision } = await documentOf();
  fs.symlinkSync(outside, path.join(root, "Annotations"));
  const box = { class: 1, xmin: 1, ymin: 1, xmax: 9, ymax: 9 };
  const { status } = await save({ boxes: [box], strokes: [], clicks: [], pins: [] }, revision);
  assert.equal(status, 422);
  fs.unlinkSync(path.join(root, "Annotations"));
  assert.deepEqual(fs.readdirSync(outside).sort(), ["secret.jpg", "victim.txt"]);
});

test("bodies are bounded, with or without a length", async () => {
  const large = Buffer.alloc(9 << 20, 0x20);
  assert.equal((await ask("PUT", at(`photographs/${id}/shapes`), {}, large)).status, 413);
  const unsaid = await ask("PUT", at(`photographs/${id}/shapes`), { "transfer-encoding": "chunked" }, large);
  assert.equal(unsaid.status, 413);
});

test("shapes with anything but numbers of this photograph are refused, and nothing is written", async () => {
  const { revision } = await documentOf();
  const empty = { boxes: [], strokes: [], clicks: [], pins: [] };
  const bad: unknown[] = [
    null,
    [],
    { ...empty, boxes: undefined },
    { ...empty, boxes: [{ class: 0, xmin: 1, ymin: 1, xmax: 5, ymax: 5 }] },
    { ...empty, boxes: [{ class: 1, xmin: 9, ymin: 1, xmax: 5, ymax: 5 }] },
    { ...empty, boxes: [{ class: 1, xmin: "1", ymin: 1, xmax: 5, ymax: 5 }] },
    { ...empty, strokes: [{ class: 99, points: [1, 1] }] },
    { ...empty, strokes: [{ class: 255, points: [1, 1] }] },
    { ...empty, strokes: [{ class: 1, points: [1, 1, 1] }] },
    { ...empty, strokes: [{ class: 1, points: [1, -1] }] },
    { ...empty, strokes: [{ class: 1, points: [1, 1e9] }] },
    { ...empty, strokes: [{ class: 1, points: "1,1" }] },
    { ...empty, clicks: [{ class: 1.5, x: 1, y: 1 }] },
    { ...empty, clicks: [{ class: 1, x: null, y: 1 }] },
    { ...empty, pins: [{ class: 1, runs: [5, 5, 3, 1] }] },
    { ...empty, pins: [{ class: 1, runs: [0, 1e9] }] },
    { ...empty, strokes: Array.from({ length: 10_001 }, () => ({ class: 1, points: [1, 1] })) },
  ];
  for (const shapes of bad)
    assert.equal((await save(shapes, revision)).status, 422, JSON.stringify(shapes)?.slice(0, 80));
  for (const body of ["", "{", "null", "[]", "{}"])
    assert.ok((await ask("PUT", at(`photographs/${id}/shapes`), {}, body)).status >= 400, body);
  assert.equal((await documentOf()).revision, revision);
});

test("names with markup and control characters travel as text", async () => {
  const { classes, classesRevision } = JSON.parse((await ask("GET", at("folder"))).body);
  const named = [...classes, { name: "<img src=x onerror=alert(1)>", colour: [1, 2, 3] }];
  const body = JSON.stringify({ base: classesRevision, classes: named });
  const answer = await ask("PUT", at("classes"), {}, body);
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers["content-type"]), /^application\/json/);
  const control = [...named, { name: "a\u0000b", colour: [1, 2, 3] }];
  const now = JSON.parse(answer.body).classesRevision;
  assert.equal((await ask("PUT", at("classes"), {}, JSON.stringify({ base: now, classes: control }))).status, 422);
});

test("imported files keep to a folder of their own, whatever their names", async () => {
  const form = new FormData();
  form.append("file", new File(['{"shapes": []}'], "../../outside.json"));
  form.append("file", new File(["x"], "../../../etc/x.xml"));
  const before = fs.readdirSync(path.dirname(root)).sort();
  const answer = await fetch(`${base}import`, { method: "POST", headers: { "x-annotate": "1" }, body: form });
  assert.equal(answer.status, 200);
  assert.deepEqual(fs.readdirSync(path.dirname(root)).sort(), before);
  assert.deepEqual(
    fs.readdirSync(root).filter((name) => name.startsWith(".annotate-import")),
    [],
  );
});

test("exports know their formats only", async () => {
  for (const format of ["exe", "..%2f..", "__proto__"])
    assert.notEqual((await ask("GET", at(`export/${format}`))).status, 200, format);
});
