/**
 * Types of TensorFlow.js for those who use the package: the declarations of tfjs-core, copied beside the build, and the
 * build's own declarations pointed at them. As published, `@tensorflow/tfjs` drags in its WebGL backend, layers and a copy
 * of WebGPU's types, which do not compile in a project without `skipLibCheck`: they want a browser's global names, and from
 * TypeScript 6 on contradict the compiler's own. The copy is changed in three ways: names of the browser come from
 * `browser.d.ts`, references to other types are left out, and so are private members, so that a tensor of anyone's own
 * TensorFlow.js still fits. Called by prepare.cjs.
 */

const fs = require("node:fs");
const path = require("node:path");

const FOLDER = "tensorflow-types";
const ENTRIES = ["index.d.ts", "public/chained_ops/register_all_chained_ops.d.ts"];

/** Declarations by which others enter: they name Node's types, which the rest uses. */
const DOORS = ["index.d.ts", path.join("show", "index.d.ts")];

/** The least that a browser's objects have in common with what the declarations ask of them. */
const BROWSER = {
  ImageData: "{ readonly data: Uint8ClampedArray; readonly width: number; readonly height: number }",
  HTMLImageElement: "{ readonly width: number; readonly height: number }",
  HTMLCanvasElement: "{ width: number; height: number }",
  HTMLVideoElement: "{ readonly videoWidth: number; readonly videoHeight: number }",
  ImageBitmap: "{ readonly width: number; readonly height: number }",
  OffscreenCanvas: "{ width: number; height: number }",
  ImageDataSettings: "object",
  CanvasRenderingContext2DSettings: "object",
  WebGLContextAttributes: "object",
  WebGLTexture: "object",
  File: "{ readonly name: string; readonly size: number }",
  Blob: "{ readonly size: number; readonly type: string }",
  Storage: "{ getItem(key: string): string | null; setItem(key: string, value: string): void }",
  IDBFactory: "{ open(name: string, version?: number): object }",
  ReadableStream: "object",
  RequestInit: "object",
  Response: "{ readonly ok: boolean; readonly status: number; json(): Promise<unknown> }",
  Long: "{ toNumber(): number; toString(): string }",
  GPUBuffer: "object",
  GPUTexture: "object",
  GPUDevice: "object",
  Navigator: "{ readonly userAgent: string }",
  HTMLSourceElement: "object",
};
const WITH_PARAMETER = new Set(["ReadableStream"]);

/** @param root of the clone @param dist folder of the build */
function writeTensorflowTypes(root, dist) {
  const core = path.join(
    path.dirname(require.resolve("@tensorflow/tfjs-core/package.json", { paths: [root] })),
    "dist",
  );
  const target = path.join(dist, FOLDER);
  for (const file of reachedFrom(core, ENTRIES)) {
    const text = withoutBrowser(fs.readFileSync(path.join(core, file), "utf8"), file);
    write(path.join(target, "core", file), text);
  }
  write(path.join(target, "browser.d.ts"), browserText());
  write(path.join(target, "index.d.ts"), INDEX);
  for (const file of fs.readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts") || file.startsWith(FOLDER)) continue;
    const place = path.join(dist, file);
    const own = relative(path.dirname(file), `${FOLDER}/index`);
    const text = fs.readFileSync(place, "utf8");
    const pointed = text.replace(/(["'])@tensorflow\/tfjs(-core)?\1/g, `"${own}"`);
    const head = DOORS.includes(file) ? '/// <reference types="node" />\n' : "";
    if (head + pointed !== text) fs.writeFileSync(place, head + pointed);
  }
}

const INDEX = `/** Types of the TensorFlow.js that the library computes with: its core; see tensorflow-types in docs/licences.md. */
import "./core/public/chained_ops/register_all_chained_ops";
export * from "./core/index";
export declare const version: Readonly<Record<string, string>>;
`;

/** Files that the entries import, and what those import. */
function reachedFrom(folder, entries) {
  const seen = new Set();
  const open = [...entries];
  while (open.length > 0) {
    const file = open.pop();
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, name] of withoutComments(fs.readFileSync(path.join(folder, file), "utf8")).matchAll(IMPORTED)) {
      const base = path.join(path.dirname(file), name);
      const found = [`${base}.d.ts`, path.join(base, "index.d.ts")].find((each) =>
        fs.existsSync(path.join(folder, each)),
      );
      if (found === undefined) throw new Error(`${file} imports ${name}, which is not there`);
      open.push(found);
    }
  }
  return [...seen].sort();
}

/** As its licence asks: a changed file says so. */
const CHANGED = "// Changed for the package a2gnn, which copies it: scripts/tensorflow-types.cjs says how.\n";

const IMPORTED = /(?:from\s+|import\s+|import\(|declare module\s+)['"](\.[^'"]*)['"]/g;

function withoutBrowser(text, file) {
  const plain = text
    .replace(
      /(["'])@tensorflow\/tfjs-core\/dist\/([^"']+)\1/g,
      (_, __, name) => `"${relative(path.dirname(file), name)}"`,
    )
    .replace(/^\/\/\/ <(?:reference|amd-module)[^\n]*\n/gm, "")
    .replace(/^\s*private [^\n{]*;\n/gm, "")
    .replace(/^\s*protected isDisposedInternal[^\n]*\n/gm, "")
    .replace(/\btypeof fetch\b/g, "(url: string, init?: object) => Promise<Response>");
  const code = withoutComments(plain);
  const used = Object.keys(BROWSER).filter(
    (name) =>
      new RegExp(`(?<![.\\w])${name}\\b(?!\\s*[?:(])`).test(code) &&
      !new RegExp(`(?:interface|class|type|import \\{[^}]*) ${name}\\b`).test(code),
  );
  const head = /^\/\*\*[\s\S]*?\*\/\n/.exec(plain)?.[0] ?? "";
  const rest = plain.slice(head.length);
  if (used.length === 0) return head + CHANGED + rest;
  const from = relative(path.dirname(`core/${file}`), "browser");
  const line = `import type { ${used.join(", ")} } from "${from}";\n`;
  return head + CHANGED + line + rest;
}

function browserText() {
  const lines = Object.entries(BROWSER).map(
    ([name, type]) => `export type ${name}${WITH_PARAMETER.has(name) ? "<_ = unknown>" : ""} = ${type};`,
  );
  return `/** What the declarations of TensorFlow.js ask of a browser's objects, for programs without a browser. */\n${lines.join("\n")}\n`;
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/(?!\/).*$/gm, "");
}

function relative(from, to) {
  const way = path.posix.relative(from.split(path.sep).join("/"), to);
  return way.startsWith(".") ? way : `./${way}`;
}

function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

module.exports = { writeTensorflowTypes };
