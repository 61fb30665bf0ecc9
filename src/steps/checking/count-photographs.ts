/** Photographs counted one by one: kinds, sizes, orientations. */

import path from "node:path";
import type { ImageSize } from "../../data/dataset";
import type { PhotographFacts, Size } from "./folder-facts";

export interface PhotographCounter {
  add(file: string, size: ImageSize): void;
  facts(): PhotographFacts;
}

export function countPhotographs(): PhotographCounter {
  const kinds = new Map<string, number>();
  const turned = new Map<string, number>();
  let [smallest, largest]: (Size | undefined)[] = [];
  let [pixels, count] = [0, 0];
  return {
    add(file, { width, height, orientation = 1 }) {
      increase(kinds, path.extname(file).toLowerCase());
      if (orientation !== 1) increase(turned, String(orientation));
      const area = width * height;
      pixels += area;
      count++;
      if (smallest === undefined || area < smallest.width * smallest.height) smallest = { width, height };
      if (largest === undefined || area > largest.width * largest.height) largest = { width, height };
    },
    facts: () => ({
      folder: "",
      count,
      kinds: Object.fromEntries(kinds),
      ...(smallest && largest ? { smallest, largest } : {}),
      megapixels: pixels / 1e6,
      turned: Object.fromEntries(turned),
    }),
  };
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
