/** All that the page knows, in one place; whoever shows a part of it is told when anything changes. */

import type { FolderDocument, LabelState, PhotographEntry } from "../../../src/annotate/protocol";
import type { ToolName } from "../tools/tool";
import { type History, startHistory } from "./history";
import { NO_SHAPES, type Size } from "./shapes";

export interface OpenPhotograph extends Size {
  readonly id: string;
  readonly bitmap: ImageBitmap;
  /** The revision on disk that `history.present` was last saved as, or drawn on. */
  readonly revision: string;
  /** Strokes that are there as a picture: a class or the ignore value. */
  readonly picture?: Uint8Array;
  readonly label?: Uint8Array;
  readonly labelState: LabelState | null;
  readonly problems: readonly string[];
}

export interface State {
  readonly folder: FolderDocument;
  readonly open?: OpenPhotograph;
  readonly history: History;
  readonly tool: ToolName;
  readonly class: number;
  readonly opacity: number;
  readonly outlines: boolean;
  /** The photograph alone, while a key is held. */
  readonly comparing: boolean;
  readonly doubtfulFirst: boolean;
  /** 0 to 1 while a label is computed. */
  readonly progress?: { readonly stage: "first" | "final"; readonly share: number };
  readonly unsaved: boolean;
  readonly message: { readonly text: string; readonly isError: boolean };
}

export interface Store {
  readonly state: State;
  set(change: Partial<State>): void;
  subscribe(listen: (state: State, before: State) => void): void;
}

export function createStore(): Store {
  const nothing: FolderDocument = {
    name: "",
    classes: [],
    classesRevision: "",
    ignore: 255,
    photographs: [],
    batch: null,
    learn: null,
    notices: [],
  };
  let state: State = {
    folder: nothing,
    history: startHistory(NO_SHAPES),
    tool: "stroke",
    class: 1,
    opacity: 0.5,
    outlines: false,
    comparing: false,
    doubtfulFirst: false,
    unsaved: false,
    message: { text: "", isError: false },
  };
  const listeners: ((state: State, before: State) => void)[] = [];
  return {
    get state() {
      return state;
    },
    set(change) {
      const before = state;
      state = { ...state, ...change };
      for (const listen of listeners) listen(state, before);
    },
    subscribe: (listen) => void listeners.push(listen),
  };
}

/** The strip's order. */
export function orderedPhotographs({ folder, doubtfulFirst }: State): readonly PhotographEntry[] {
  if (!doubtfulFirst) return folder.photographs;
  const rank = ({ state, doubt }: PhotographEntry): number =>
    state === "checked" ? -1 : (doubt ?? (state === "none" ? -0.5 : 2));
  return [...folder.photographs].sort((a, b) => rank(b) - rank(a));
}
