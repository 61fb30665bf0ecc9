/** Which photographs of a large folder stand on the contact sheet. */

export interface SheetCandidate {
  readonly id: string;
  /** Class indices that its weak labels name. */
  readonly classes: readonly number[];
  readonly fails: boolean;
}

/** Photographs of every class that are chosen for its sake. */
const EACH = 3;

/** Those that would fail (at most half), then the first of every class, then the rest at even distances; in their order. */
export function chooseForSheet(candidates: readonly SheetCandidate[], most: number): string[] {
  const failing = candidates.filter(({ fails }) => fails).map(({ id }) => id);
  const room = candidates.length <= most ? failing.length : Math.max(1, Math.floor(most / 2));
  const chosen = new Set(failing.slice(0, room));
  const shown = new Map<number, number>();
  for (const { id, classes, fails } of candidates) {
    if (chosen.size >= most) break;
    if (fails || !classes.some((index) => (shown.get(index) ?? 0) < EACH)) continue;
    for (const index of classes) shown.set(index, (shown.get(index) ?? 0) + 1);
    chosen.add(id);
  }
  const rest = candidates.filter(({ id, fails }) => !fails && !chosen.has(id));
  const wanted = Math.min(rest.length, most - chosen.size);
  for (let i = 0; i < wanted; i++) chosen.add(rest[Math.floor((i * rest.length) / wanted)].id);
  return [
    ...failing.filter((id) => chosen.has(id)),
    ...candidates.filter(({ id, fails }) => !fails && chosen.has(id)).map(({ id }) => id),
  ];
}
