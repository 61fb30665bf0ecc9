/** What the page may ask for: every address is the token, then one of these. */

import fs from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { streamSSE } from "hono/streaming";
import type { LabelMap } from "../data/label-png";
import { expected, messageOf, UserError } from "../errors";
import { ClassesChanged } from "./class-list";
import { exportFolder, zipStream } from "./export-archive";
import { EXPORT_FORMATS, exportFiles } from "./export-files";
import { type GuardOptions, guard } from "./guard";
import { browserPicture, thumbnail } from "./photographs";
import type { ExportAnswer, ExportFormat, SaveClassesRequest, SaveShapesRequest, ServerEvent } from "./protocol";
import type { Session } from "./session";
import { ShapesChanged } from "./shape-files";

const MAX_BODY = 8 << 20;
/** Annotations of a whole data set. */
const MAX_IMPORT = 256 << 20;
/** Longest side of a picture in the strip, in pixels. */
const THUMBNAIL = 192;

const PAGE: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

/** @param page folder of the built page */
export function createRoutes(session: Session, page: string, guarded: GuardOptions): Hono {
  const app = new Hono();
  app.use(guard(guarded));
  const at = `/${guarded.token}`;
  const [usual, ofImport] = [limited(MAX_BODY), limited(MAX_IMPORT)];
  app.use((context, next) => (context.req.path === `${at}/import` ? ofImport : usual)(context, next));
  app.onError((error, context) => {
    if (error instanceof ShapesChanged || error instanceof ClassesChanged)
      return context.json({ error: error.message }, 409);
    if (error instanceof UserError || error instanceof SyntaxError) return context.json({ error: error.message }, 422);
    return context.json({ error: messageOf(error) }, 500);
  });
  app.notFound((context) => context.json({ error: "no such address" }, 404));

  app.get(at, (context) => context.redirect(`${guarded.token}/`)); // relative, as a proxy's path may come before it
  app.get(`${at}/`, () => pageFile(page, "index.html"));
  for (const name of Object.keys(PAGE)) app.get(`${at}/${name}`, () => pageFile(page, name));

  app.get(`${at}/folder`, async (context) => context.json(await session.folderDocument()));
  app.put(`${at}/classes`, async (context) => {
    const { base, classes } = (await context.req.json()) as SaveClassesRequest;
    await session.saveClasses(String(base), classes);
    return context.json(await session.folderDocument());
  });
  app.get(`${at}/events`, (context) => events(context, session));

  app.get(`${at}/photographs/:id`, async (context) =>
    context.json(await session.document(context.req.param("id"), context.req.query("next"))),
  );
  app.get(`${at}/photographs/:id/image`, async (context) => {
    const { type, bytes } = await browserPicture(await session.locate(context.req.param("id")));
    return bytesAnswer(bytes, type);
  });
  app.get(`${at}/photographs/:id/thumbnail`, async (context) => {
    const bytes = await thumbnail(await session.locate(context.req.param("id")), THUMBNAIL);
    return bytesAnswer(bytes, "image/jpeg", { "Cache-Control": "private, max-age=60" });
  });
  app.get(`${at}/photographs/:id/label`, async (context) => pixels(await session.label(context.req.param("id"))));
  app.get(`${at}/photographs/:id/strokes`, async (context) => pixels(await session.picture(context.req.param("id"))));
  app.put(`${at}/photographs/:id/shapes`, async (context) => {
    const { base, shapes } = (await context.req.json()) as SaveShapesRequest;
    return context.json(await session.save(context.req.param("id"), String(base), shapes));
  });
  app.post(`${at}/photographs/:id/label`, async (context) => {
    const { id } = session.photograph(context.req.param("id"));
    session.labelling.request(id);
    return context.json({});
  });
  app.post(`${at}/photographs/:id/drawing`, (context) => {
    const { id } = session.photograph(context.req.param("id"));
    session.labelling.interrupt(id);
    return context.json({});
  });
  app.put(`${at}/photographs/:id/checked`, async (context) => {
    const { checked } = (await context.req.json()) as { checked?: unknown };
    await session.setChecked(context.req.param("id"), checked === true);
    return context.json(await session.entry(context.req.param("id")));
  });
  app.post(`${at}/photographs/:id/replace`, async (context) => {
    await session.replaceForeign(context.req.param("id"));
    return context.json({});
  });
  app.post(`${at}/batch`, async (context) => {
    session.labelling.startBatch(await session.unlabelled());
    return context.json(session.labelling.batch());
  });
  app.delete(`${at}/batch`, (context) => {
    session.labelling.stopBatch();
    return context.json(session.labelling.batch());
  });
  app.post(`${at}/learn`, async (context) => {
    const { budget } = (await context.req.json()) as { budget?: unknown };
    session.learning.start(budget);
    return context.json(session.learning.progress());
  });
  app.delete(`${at}/learn`, (context) => {
    session.learning.stop();
    return context.json(session.learning.progress());
  });
  app.get(`${at}/export/:format`, (context) => {
    const format = formatOf(context.req.param("format"));
    const files = exportFiles(format, session.labelled(), session.classes().dataset);
    return new Response(zipStream(files), {
      headers: {
        "Content-Type": "application/zip",
        "Content-Disposition": `attachment; filename="a2gnn-${format}.zip"`,
      },
    });
  });
  app.post(`${at}/export/:format`, async (context) => {
    const format = formatOf(context.req.param("format"));
    const files = exportFiles(format, session.labelled(), session.classes().dataset);
    const answer: ExportAnswer = await exportFolder(session.folder, format, files);
    return context.json(answer);
  });
  app.post(`${at}/import`, async (context) => {
    const sent = (await context.req.formData()).getAll("file");
    const files = await Promise.all(
      sent.map(async (file) => {
        if (typeof file === "string") throw new UserError("input", "expected files, got text");
        return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
      }),
    );
    return context.json(await session.importFiles(files));
  });
  return app;
}

function limited(maxSize: number): MiddlewareHandler {
  return bodyLimit({ maxSize, onError: (context) => context.json({ error: "the request is too large" }, 413) });
}

function formatOf(given: string): ExportFormat {
  const format = EXPORT_FORMATS.find((each) => each === given);
  if (format === undefined) throw expected("input", `one of ${EXPORT_FORMATS.join(", ")}`, "another format", "export");
  return format;
}

// --- answers ---

async function pageFile(page: string, name: string): Promise<Response> {
  const bytes = await fs.readFile(path.join(page, name)).catch(() => undefined);
  if (bytes === undefined)
    throw new UserError("environment", `the page is not built: ${name} is missing; npm run build`);
  return bytesAnswer(bytes, PAGE[name]);
}

const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip);

/** One byte a pixel, row-major, packed for the way. */
async function pixels(label: LabelMap | undefined): Promise<Response> {
  if (label === undefined) throw new UserError("input", "there is none");
  const packed = await gzip(label.data, { level: 1 });
  return bytesAnswer(packed, "application/octet-stream", { "Content-Encoding": "gzip" });
}

function bytesAnswer(bytes: Uint8Array, type: string, headers: Record<string, string> = {}): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "Content-Type": type, ...headers } });
}

/** Everything that happens, as it happens, until the page is closed. */
function events(context: Context, session: Session): Response {
  return streamSSE(context, async (stream) => {
    const waiting: ServerEvent[] = [];
    let wake = (): void => undefined;
    const unsubscribe = session.subscribe((event) => {
      // Of progress only the newest counts.
      const last = waiting[waiting.length - 1];
      if (event.kind === "progress" && last?.kind === "progress" && last.id === event.id) waiting.pop();
      waiting.push(event);
      wake();
    });
    const beat = setInterval(() => wake(), 15_000);
    stream.onAbort(() => {
      unsubscribe();
      clearInterval(beat);
      wake();
    });
    await stream.write(": connected\n\n");
    while (!stream.aborted) {
      const batch = waiting.splice(0);
      for (const event of batch) await stream.writeSSE({ data: JSON.stringify(event) });
      if (batch.length === 0) await stream.write(":\n\n");
      if (waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  });
}
