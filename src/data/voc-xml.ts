/** Boxes as PASCAL VOC annotation XML: whatever format they came in, later steps and other tools read this one. */

import type { DatasetDescription, ImageSize } from "./dataset";
import { type Frame, storedBox, storedSize } from "./orientation";
import type { Box } from "./voc-boxes";

/**
 * The text of `Annotations/NAME.xml`.
 * @param file the image's file name
 * @param frame of the boxes that are written; the size that is written tells it
 */
export function encodeBoxes(
  boxes: readonly Box[],
  file: string,
  size: ImageSize,
  { classes }: DatasetDescription,
  frame: Frame = "displayed",
): string {
  const { width, height } = frame === "stored" ? storedSize(size) : size;
  const objects = boxes.map((box) => {
    const { xmin, ymin, xmax, ymax } = frame === "stored" ? storedBox(box, size) : box;
    return `  <object>
    <name>${escapeXml(classes[box.class])}</name>
    <bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox>
  </object>
`;
  });
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
