/** Marks of objects out of weak labels: every box, every click or clicks with one id, every stroke is an object. */

import type { ImageSize } from "../data/dataset";
import type { LabelMap } from "../data/label-png";
import { drawPoints, type Point } from "../data/points";
import type { Box } from "../data/voc-boxes";
import { UserError } from "../errors";
import type { InstanceMark } from "./instance-mark";

export function boxMarks(boxes: readonly Box[]): InstanceMark[] {
  return boxes.map(({ class: foreground, ...box }) => ({ class: foreground, box }));
}

/**
 * Clicks with an id of their own are on one object, as are several with the same id; each without one is an object.
 * @throws UserError "input" where clicks of one id name different classes
 */
export function clickMarks(points: readonly Point[], size: ImageSize, where: string): InstanceMark[] {
  const groups = new Map<unknown, Point[]>();
  for (const point of points.filter((each) => each.class !== 0)) {
    const key = point.id ?? Symbol();
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((clicks) => {
    const [{ class: foreground, id }] = clicks;
    if (clicks.some((click) => click.class !== foreground))
      throw new UserError("input", `clicks with id ${JSON.stringify(id)} name different classes (${where})`);
    const discs = drawPoints(clicks, size, 0).data;
    return { class: foreground, pixels: indicesOf(discs, (value) => value === foreground) };
  });
}

/** Strokes that touch, of one class, are on one object. @param strokes 0 and `ignore` where none is */
export function strokeMarks({ width, height, data }: LabelMap, ignore: number): InstanceMark[] {
  const isSeen = new Uint8Array(data.length);
  const marks: InstanceMark[] = [];
  for (let start = 0; start < data.length; start++) {
    const foreground = data[start];
    if (foreground === 0 || foreground === ignore || isSeen[start] === 1) continue;
    const pixels = [start];
    isSeen[start] = 1;
    for (let next = 0; next < pixels.length; next++) {
      const [x, y] = [pixels[next] % width, Math.floor(pixels[next] / width)];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const pixel = v * width + u;
          if (isSeen[pixel] === 1 || data[pixel] !== foreground) continue;
          isSeen[pixel] = 1;
          pixels.push(pixel);
        }
    }
    marks.push({ class: foreground, pixels: Int32Array.from(pixels).sort() });
  }
  return marks;
}

function indicesOf(data: Uint8Array, isOne: (value: number) => boolean): Int32Array {
  return Int32Array.from(data.keys()).filter((index) => isOne(data[index]));
}
