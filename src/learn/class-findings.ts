/** What `learn` has found, put together: each class, and which photographs a person should label next. */

import type { DatasetDescription } from "../data/dataset";
import type { Finding } from "./joint-labels";
import type { Surveyed } from "./survey";

export interface ClassFinding {
  readonly class: string;
  /** The class's number. */
  readonly value: number;
  /** Photographs whose weak label names it. */
  readonly labelled: number;
  /** Other photographs in whose label it occurs. */
  readonly found: number;
  /** Of all pixels of all labels, a fraction. */
  readonly share: number;
  /** How far the network agrees with the labels it was trained on: intersection over union; null where there are none. */
  readonly agreement: number | null;
}

export interface NextLabel {
  readonly id: string;
  /** The doubt, weighed by how little the network knows of the photograph's classes. */
  readonly worth: number;
  readonly finding: Finding;
}

/** Share of a photograph's pixels from which a class counts as found in it. */
const FOUND_SHARE = 0.005;

/** Foreground classes that occur anywhere. */
export function classFindings(
  findings: readonly Finding[],
  photographs: readonly Surveyed[],
  { classes }: DatasetDescription,
): ClassFinding[] {
  const named = new Map(photographs.map(({ id, classes: of }) => [id, new Set(of)]));
  const all = findings.reduce((sum, { pixels }) => sum + total(pixels), 0);
  return classes.slice(1).flatMap((name, i): ClassFinding[] => {
    const value = i + 1;
    const labelled = photographs.filter((each) => each.classes.includes(value)).length;
    let [found, pixels, both, either] = [0, 0, 0, 0];
    for (const finding of findings) {
      const own = finding.pixels[value] ?? 0;
      pixels += own;
      if (own >= FOUND_SHARE * total(finding.pixels) && named.get(finding.id)?.has(value) !== true) found++;
      const [b, e] = finding.agreement?.[value] ?? [0, 0];
      both += b;
      either += e;
    }
    if (labelled === 0 && pixels === 0) return [];
    return [
      { class: name, value, labelled, found, share: pixels / all, agreement: either === 0 ? null : both / either },
    ];
  });
}

/**
 * Unlabelled photographs, those first from which the network would learn most: it is unsure of them, and knows little of
 * the classes that it sees there. A class it agrees with its labels on by half counts half as much again as one it knows.
 */
export function nextToLabel(findings: readonly Finding[], classes: readonly ClassFinding[]): NextLabel[] {
  const known = new Map(classes.map(({ value, agreement }) => [value, agreement ?? 0]));
  const worthOf = ({ doubt, pixels }: Finding): number => {
    const foreground = Object.entries(pixels).filter(([value]) => value !== "0");
    const sum = foreground.reduce((all, [, count]) => all + count, 0);
    const unknown = foreground.reduce((all, [value, count]) => all + count * (1 - (known.get(Number(value)) ?? 0)), 0);
    return doubt * (1 + (sum === 0 ? 0 : unknown / sum));
  };
  return findings
    .filter(({ kind }) => kind === undefined)
    .map((finding) => ({ id: finding.id, worth: worthOf(finding), finding }))
    .sort((a, b) => b.worth - a.worth || (a.id < b.id ? -1 : 1));
}

function total(pixels: Finding["pixels"]): number {
  return Object.values(pixels).reduce((a, b) => a + b, 0);
}
