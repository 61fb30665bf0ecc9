/** Annotation XML as plain objects: no attributes, no document type's entities, bounded size and depth. */

import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expected, messageOf } from "../errors";
import { readBoundedText } from "./bounded-file";

/** An element: its text, or its children by name; children of one name always as a list. */
export type XmlNode = string | { readonly [name: string]: readonly XmlNode[] };

const MAX_BYTES = 1 << 24;

// Entities of the document type are what makes XML grow without bounds: none is expanded.
const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  processEntities: false,
  maxNestedTags: 32,
  isArray: () => true,
});

/** The root element of an XML file, which must have the given name. @throws UserError "input" */
export async function readXml(file: string, root: string): Promise<XmlNode> {
  return parseXml(await readBoundedText(file, MAX_BYTES, "annotation"), root, file);
}

/** The same from text. */
export function parseXml(text: string, root: string, where: string): XmlNode {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw expected("input", "XML", `${valid.err.msg.slice(0, 120)} Line ${valid.err.line}`, where);
  let parsed: Record<string, readonly XmlNode[]>;
  try {
    parsed = parser.parse(text) as Record<string, readonly XmlNode[]>;
  } catch (error) {
    throw expected("input", "XML", messageOf(error), where);
  }
  const element = parsed[root]?.[0];
  if (element === undefined) throw expected("input", `<${root}>`, `<${Object.keys(parsed)[0] ?? "nothing"}>`, where);
  return element;
}

/** The children of a name; none where there are none. */
export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return typeof node === "object" && Object.hasOwn(node, name) ? node[name] : [];
}

/** The text of the first child of a name, with XML's five entities read; undefined where there is none or it is empty. */
export function textOf(node: XmlNode, name: string): string | undefined {
  const child = childrenOf(node, name)[0];
  if (typeof child !== "string" || child.trim() === "") return undefined;
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return child.trim().replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name]);
}

/** The same as a number: undefined where absent, NaN where it is none. */
export function numberOf(node: XmlNode, name: string): number | undefined {
  const text = textOf(node, name);
  return text === undefined ? undefined : Number(text);
}
