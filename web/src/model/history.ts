/** Undo and redo: the shapes before and after every edit of the photograph on screen. */

import type { Shapes } from "./shapes";

export interface History {
  readonly past: readonly Shapes[];
  readonly present: Shapes;
  readonly future: readonly Shapes[];
}

/** Edits that can be undone. */
const DEPTH = 500;

export function startHistory(present: Shapes): History {
  return { past: [], present, future: [] };
}

export function edit({ past, present }: History, next: Shapes): History {
  return { past: [...past, present].slice(-DEPTH), present: next, future: [] };
}

export function undo(history: History): History {
  const { past, present, future } = history;
  if (past.length === 0) return history;
  return { past: past.slice(0, -1), present: past[past.length - 1], future: [present, ...future] };
}

export function redo(history: History): History {
  const { past, present, future } = history;
  if (future.length === 0) return history;
  return { past: [...past, present], present: future[0], future: future.slice(1) };
}
