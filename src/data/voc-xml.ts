/** Boxes as PASCAL VOC annotation XML: whatever format they came in, later steps and other tools read this one. */

import type { DatasetDescription, ImageSize } from "./dataset";
import type { Box } from "./voc-boxes";

/** The text of `Annotations/NAME.xml`. @param file the image's file name */
export function encodeBoxes(
  boxes: readonly Box[],
  file: string,
  { width, height }: ImageSize,
  { classes }: DatasetDescription,
): string {
  const objects = boxes.map(
    (box) => `  <object>
    <name>${escapeXml(classes[box.class])}</name>
    <bndbox><xmin>${box.xmin}</xmin><ymin>${box.ymin}</ymin><xmax>${box.xmax}</xmax><ymax>${box.ymax}</ymax></bndbox>
  </object>
`,
  );
  return `<annotation>
  <filename>${escapeXml(file)}</filename>
  <size><width>${width}</width><height>${height}</height><depth>3</depth></size>
${objects.join("")}</annotation>
`;
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
