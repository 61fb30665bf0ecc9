/**
 * Annotation XML as plain objects, read in one pass: elements, attributes, text with its character references, in whatever
 * encoding the file declares. No document type's entities, bounded depth and number of elements; a file of many photographs
 * is handed out child by child. (Ours: the parsers at hand keep seven times the file in memory, and some of these files come
 * from strangers.)
 */

import { expected, type UserError } from "../errors";
import { MAX_ANNOTATION_BYTES, readBoundedText } from "./bounded-file";

export interface XmlNode {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** Its own text, without that of its children. */
  readonly text: string;
  /** Where it begins. */
  readonly line: number;
}

const MAX_DEPTH = 32;
/** Elements that are kept at once; an annotation of a photograph has some ten an object. */
const MAX_ELEMENTS = 1 << 18;
/** Longest text with references in it: names, not pictures. */
const MAX_ESCAPED = 1 << 16;
const MAX_ATTRIBUTES = 100;
const NONE: ReadonlyMap<string, string> = new Map();

/** The root element of an XML file, which must have the given name. @throws UserError "input" */
export async function readXml(file: string, root: string): Promise<XmlNode> {
  return parseXml(await readXmlText(file), root, file);
}

/** The text of an XML file, by the encoding that it declares. @throws UserError "input" */
export async function readXmlText(file: string): Promise<string> {
  return readBoundedText(
    file,
    MAX_ANNOTATION_BYTES,
    "annotation",
    (beginning) => /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(beginning)?.[1],
  );
}

/**
 * The same from text.
 * @param onChild is given each child of the root once it is complete, and the root is then without them
 */
export function parseXml(text: string, root: string, where: string, onChild?: (child: XmlNode) => void): XmlNode {
  const open: Growing[] = [];
  const line = lineCounter(text);
  let top: XmlNode | undefined;
  let kept = 0;
  let at = 0;
  const fail = (what: string): UserError => expected("input", "XML", what, `${where}:${line(at)}`);
  const addText = (piece: string): void => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += piece;
    else if (piece.trim() !== "") throw fail("text outside of any element");
  };
  const close = (element: Growing): void => {
    const parent = open.at(-1);
    if (parent === undefined) top = element;
    else if (onChild !== undefined && open.length === 1) {
      onChild(element);
      kept = 1;
    } else parent.children.push(element);
  };
  while (at < text.length) {
    const from = text.indexOf("<", at);
    const until = from < 0 ? text.length : from;
    if (until > at) addText(references(text.slice(at, until), fail));
    if (from < 0) break;
    at = from;
    if (text.startsWith("<!--", at)) at = after(text, "-->", at + 4, fail);
    else if (text.startsWith("<![CDATA[", at)) {
      const end = after(text, "]]>", at, fail);
      addText(text.slice(at + 9, end - 3));
      at = end;
    } else if (text.startsWith("<?", at)) at = after(text, "?>", at, fail);
    else if (text.startsWith("<!", at)) at = afterDoctype(text, at, fail);
    else if (text[at + 1] === "/") {
      const end = after(text, ">", at, fail);
      const name = text.slice(at + 2, end - 1).trim();
      const element = open.pop();
      if (element?.name !== name) throw fail(`</${name.slice(0, 40)}> where <${element?.name ?? "nothing"}> is open`);
      close(element);
      at = end;
    } else {
      if (top !== undefined && open.length === 0) throw fail("a second element beside the first");
      const { element, end, isEmpty } = startTag(text, at, line, fail);
      if (open.length === 0 && element.name !== root)
        throw expected("input", `<${root}>`, `<${element.name.slice(0, 40)}>`, where);
      if (++kept > MAX_ELEMENTS) throw fail(`more than ${MAX_ELEMENTS} elements`);
      at = end;
      if (isEmpty) close(element);
      else if (open.push(element) > MAX_DEPTH) throw fail(`elements nested more than ${MAX_DEPTH} deep`);
    }
  }
  if (open.length > 0) throw fail(`the end of the file in <${open[open.length - 1].name}>: cut off?`);
  if (top === undefined) throw expected("input", `XML: <${root}>`, "nothing", where);
  return top;
}

/** The children of a name; none where there are none. */
export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return node.children.filter((child) => child.name === name);
}

/** The text of the first child of a name; undefined where there is none or it is empty. */
export function textOf(node: XmlNode, name: string): string | undefined {
  const text = node.children.find((child) => child.name === name)?.text.trim();
  return text === "" ? undefined : text;
}

/** The same as a number: undefined where absent, NaN where it is none. */
export function numberOf(node: XmlNode, name: string): number | undefined {
  const text = textOf(node, name);
  return text === undefined ? undefined : Number(text);
}

/** An attribute as a number: undefined where absent, NaN where it is none. */
export function attributeNumber(node: XmlNode, name: string): number | undefined {
  const text = node.attributes.get(name)?.trim();
  return text === undefined || text === "" ? undefined : Number(text);
}

interface Growing extends XmlNode {
  children: XmlNode[];
  text: string;
}

type Fail = (what: string) => UserError;

const TAG = /<([^\s/>=<"'&]+)/y;
const ATTRIBUTE = /\s+([^\s/>=<"'&]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;

function startTag(
  text: string,
  at: number,
  line: (at: number) => number,
  fail: Fail,
): { element: Growing; end: number; isEmpty: boolean } {
  TAG.lastIndex = at;
  const name = TAG.exec(text)?.[1];
  if (name === undefined) throw fail(`"${text.slice(at, at + 20)}"`);
  let end = at + 1 + name.length;
  let attributes: Map<string, string> | undefined;
  for (;;) {
    ATTRIBUTE.lastIndex = end;
    const match = ATTRIBUTE.exec(text);
    if (match === null) break;
    attributes ??= new Map();
    if (attributes.size >= MAX_ATTRIBUTES) throw fail(`more than ${MAX_ATTRIBUTES} attributes`);
    attributes.set(match[1], references(match[2] ?? match[3], fail));
    end += match[0].length;
  }
  TAG_END.lastIndex = end;
  const last = TAG_END.exec(text);
  if (last === null) throw fail(`<${name.slice(0, 40)} without its end`);
  const element = { name, attributes: attributes ?? NONE, children: [], text: "", line: line(at) };
  return { element, end: end + last[0].length, isEmpty: last[1] === "/" };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** XML's five entities and character references, `&#233;` or `&#xe9;`, as Python's ElementTree writes accents. */
function references(text: string, fail: Fail): string {
  if (!text.includes("&")) return text;
  if (text.length > MAX_ESCAPED) throw fail(`a text of ${text.length} characters`);
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,20}));|&/g, (whole, decimal, hex, name) => {
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    if (point !== undefined && point <= 0x10ffff) return String.fromCodePoint(point);
    if (point === undefined && Object.hasOwn(ENTITIES, name ?? "")) return ENTITIES[name];
    throw fail(`"${whole}", which stands for nothing here: write & as &amp;`);
  });
}

function after(text: string, what: string, from: number, fail: Fail): number {
  const at = text.indexOf(what, from);
  if (at < 0) throw fail(`no "${what}" before the end of the file: cut off?`);
  return at + what.length;
}

/** Document types are skipped; entities of their own are what makes XML grow without bounds. */
function afterDoctype(text: string, at: number, fail: Fail): number {
  const end = after(text, ">", at, fail);
  const bracket = text.indexOf("[", at);
  if (bracket < 0 || bracket >= end) return end;
  const inside = after(text, "]", bracket, fail);
  if (text.slice(bracket, inside).includes("<!ENTITY")) throw fail("entities of its own, which are not read");
  return after(text, ">", inside, fail);
}

/** The line of a place, counted on from the last one asked for. */
function lineCounter(text: string): (at: number) => number {
  let line = 1;
  let next = text.indexOf("\n");
  return (at) => {
    while (next >= 0 && next < at) {
      line++;
      next = text.indexOf("\n", next + 1);
    }
    return line;
  };
}
