import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { type AnnotateServer, startAnnotateServer } from "../src/annotate/server";
import { startBrowser } from "./annotate-browser";
import { copyOfMini, standInWorker, until } from "./annotate-folder";

/** The page from where the server is not: through `ssh -L`, below the path of Jupyter's proxy, behind a proxy with a name of its own. */

let browser: Browser;
const ends: (() => void | Promise<void>)[] = [];

before(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
after(() => browser?.close());

async function annotate(allowedHosts: readonly string[] = []): Promise<AnnotateServer> {
  const root = copyOfMini(2);
  ends.push(() => fs.rmSync(root, { recursive: true }));
  const server = await startAnnotateServer(root, { worker: standInWorker(), allowedHosts });
  ends.push(() => server.close());
  return server;
}

async function listening(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    (server as Partial<http.Server>).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Bytes as they come, from another port: what `ssh -L` does. */
function tunnel(port: number): Promise<number> {
  const sockets = new Set<net.Socket>();
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  const server = net.createServer((near) => {
    const far = net.connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  return listening(server);
}

/**
 * As jupyter-server-proxy: what is below PREFIX/proxy/PORT/ goes to that port, without the prefix.
 * @param host what the server is told as Host; the browser's own where it is left out
 */
function prefixProxy(prefix: string, host?: string): Promise<number> {
  const server = http.createServer((request, response) => {
    const [, port, rest] = /^\/(\d+)(\/.*)$/.exec((request.url ?? "").slice(`${prefix}/proxy`.length)) ?? [];
    if (!request.url?.startsWith(`${prefix}/proxy/`) || port === undefined) return response.writeHead(404).end();
    const headers = { ...request.headers, ...(host === undefined ? {} : { host: host.replace("PORT", port) }) };
    const onward = http.request({ host: "127.0.0.1", port, path: rest, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    return request.pipe(onward);
  });
  return listening(server);
}

/** Draws a stroke, and waits for it and for its label: requests, pictures and the event stream have all come through. */
async function draws(address: string, { session }: AnnotateServer): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  ends.push(() => context.close());
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const failed: string[] = [];
  page.on("response", (answer) => answer.status() >= 400 && failed.push(`${answer.status()} ${answer.url()}`));
  await page.goto(address);
  await page.locator("#facts", { hasText: "×" }).waitFor();
  const box = (await page.locator("#canvas").boundingBox()) ?? assert.fail("no canvas");
  await page.keyboard.press("1");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2 + 10, { steps: 4 });
  await page.mouse.up();
  await page.locator("#facts", { hasText: /1 stroke · label saved · all drawn is saved/ }).waitFor();
  await until(
    () => page.evaluate(() => [...document.querySelectorAll("img")].every((image) => image.naturalWidth > 0)),
    "the thumbnails",
  );
  const { shapes } = await session.document(session.photographs[0].id);
  assert.equal(shapes.strokes.length, 1);
  const zip = await page.evaluate(() => fetch("export/voc").then((answer) => answer.status));
  assert.equal(zip, 200);
  assert.deepEqual(failed, []);
}

test("through ssh -L: another port of this machine, by either of its names", async () => {
  const server = await annotate();
  const port = await tunnel(server.port);
  const { pathname } = new URL(server.address);
  await draws(`http://localhost:${port}${pathname}`, server);
  assert.equal((await fetch(`http://127.0.0.1:${port}${pathname}folder`)).status, 200);
});

test("below the path of Jupyter's proxy, the address without its last slash too", async () => {
  const server = await annotate();
  const port = await prefixProxy("/user/ann");
  const { pathname } = new URL(server.address);
  await draws(`http://localhost:${port}/user/ann/proxy/${server.port}${pathname.slice(0, -1)}`, server);
});

test("behind a proxy that keeps its own name to itself: its pages are known where --allow-host names it", async () => {
  const named = await annotate(["hub.localhost"]);
  const port = await prefixProxy("", "127.0.0.1:PORT");
  const address = ({ port: to, address: of }: AnnotateServer): string =>
    `http://hub.localhost:${port}/proxy/${to}${new URL(of).pathname}`;
  await draws(address(named), named);
  const unnamed = await annotate();
  const saves = (server: AnnotateServer): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/proxy/${server.port}${new URL(server.address).pathname}batch`, {
      method: "POST",
      headers: { "X-Annotate": "1", Origin: `http://hub.localhost:${port}` },
    }).then((answer) => answer.status);
  assert.equal(await saves(named), 200);
  assert.equal(await saves(unnamed), 403);
});

test("a name that was made to point here is refused through a tunnel as well", async () => {
  const server = await annotate();
  const port = await tunnel(server.port);
  const { pathname } = new URL(server.address);
  const statusFor = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const request = http.get({ host: "127.0.0.1", port, path: `${pathname}folder`, headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on("error", reject);
    });
  for (const host of ["localhost", `localhost:${port}`, "127.0.0.1:1", `[::1]:${port}`, "LOCALHOST:8888"])
    assert.equal(await statusFor(host), 200, host);
  for (const host of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "127.0.0.1.nip.io", "[::2]"])
    assert.equal(await statusFor(host), 403, host);
});
