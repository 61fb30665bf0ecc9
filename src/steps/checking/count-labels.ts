/** Weak labels counted one photograph after the other, by format and by class. */

import type { DatasetDescription } from "../../data/dataset";
import { nearWords } from "../../near-text";
import type { FormatLabels, WeakLabelsOfImage } from "../sources/weak-label-source";
import type { ClassFacts, FormatFacts } from "./folder-facts";

export interface LabelCounter {
  /** @param classes by index, those that the data set does not have behind its own */
  add(labels: WeakLabelsOfImage, classes: readonly string[], ignore: number): void;
  /** @param names of classes */
  addTags(names: readonly string[]): void;
  formats(): FormatFacts[];
  classes(): ClassFacts[];
}

type Counts = { -readonly [K in "photographs" | "boxes" | "clicks" | "stroked" | "tagged"]: number };

export function countLabels(dataset: DatasetDescription): LabelCounter {
  const formats = new Map<string, { -readonly [K in keyof FormatFacts]: FormatFacts[K] }>();
  const counts = new Map<string, Counts>();
  const countsOf = (name: string): Counts => {
    const known = counts.get(name) ?? { photographs: 0, boxes: 0, clicks: 0, stroked: 0, tagged: 0 };
    counts.set(name, known);
    return known;
  };
  const addFormat = ({ name, boxes, clicks, strokes }: FormatLabels): void => {
    const sum = formats.get(name) ?? { name, photographs: 0, boxes: 0, clicks: 0, strokes: 0 };
    formats.set(name, sum);
    sum.photographs++;
    sum.boxes += boxes;
    sum.clicks += clicks;
    sum.strokes = strokes === undefined || sum.strokes === null ? null : sum.strokes + strokes;
  };
  return {
    add({ boxes, points, strokes, formats: read = [] }, classes, ignore) {
      for (const each of read) if (each.boxes + each.clicks + (each.strokes ?? 1) > 0) addFormat(each);
      const seen = new Set<string>();
      const see = (index: number): Counts => {
        const name = classes[index] ?? `class ${index}`;
        seen.add(name);
        return countsOf(name);
      };
      for (const box of boxes) see(box.class).boxes++;
      for (const point of points) see(point.class).clicks++;
      for (const value of new Set(strokes ?? [])) if (value !== ignore) see(value).stroked++;
      for (const name of seen) countsOf(name).photographs++;
    },
    addTags(names) {
      for (const name of names) countsOf(name).tagged++;
    },
    formats: () => [...formats.values()],
    classes() {
      const order = (name: string): number => dataset.classes.indexOf(name);
      const known = dataset.classes.filter((name) => counts.has(name));
      const unknown = [...counts.keys()].filter((name) => order(name) < 0).sort();
      return [...known, ...unknown].map((name) => ({
        name,
        isKnown: order(name) >= 0,
        near: order(name) >= 0 ? [] : nearWords(name, dataset.classes.slice(1)),
        ...countsOf(name),
      }));
    },
  };
}
