/**
 * The photograph on screen: opened, drawn on, saved, labelled. Every edit is saved at once, one request at a time, always
 * over the revision it was drawn on; what was changed elsewhere is never overwritten without a word.
 */

import type { PhotographDocument, PhotographEntry } from "../../src/annotate/protocol";
import { edit, type History, redo, startHistory, undo } from "./model/history";
import type { Shapes } from "./model/shapes";
import { orderedPhotographs, type Store } from "./model/store";
import { Refused, server } from "./server";
import type { Scene } from "./view/scene";

export interface Editing {
  open(id: string): Promise<void>;
  /** By so many places in the strip's order. */
  step(by: number): void;
  draw(shapes: Shapes): void;
  undo(): void;
  redo(): void;
  /** The pen is down: what is being computed will be of no use. */
  penDown(): void;
  /** The pen was lifted and nothing came of it. */
  penUp(): void;
  /** Reads the label anew. */
  showLabel(): Promise<void>;
  /** Something elsewhere changed the files of the open photograph. */
  changedElsewhere(revision: string): Promise<void>;
  toggleChecked(): Promise<void>;
  /** Puts the label on screen in place of one that was made elsewhere. */
  replaceForeign(): Promise<void>;
  say(text: string, isError?: boolean): void;
}

function isEmpty({ boxes, strokes, clicks, pins }: Shapes, hasPicture: boolean): boolean {
  return boxes.length + strokes.length + clicks.length + pins.length === 0 && !hasPicture;
}

/** Milliseconds until an unreachable server is asked again. */
const RETRY = 2000;

/** @param choose asks which shapes count where two sets of them exist */
export function createEditing(
  store: Store,
  scene: () => Scene,
  choose: (question: string, answers: readonly string[]) => Promise<number>,
): Editing {
  let saving = false;
  let wanted: { id: string; shapes: Shapes } | undefined;
  let opening = 0;

  const say = (text: string, isError = false): void => store.set({ message: { text, isError } });
  const failed = (error: unknown): void => say(error instanceof Error ? error.message : String(error), true);

  const apply = (history: History): void => {
    const { open } = store.state;
    if (open === undefined || history === store.state.history) return;
    store.set({ history, unsaved: true });
    wanted = { id: open.id, shapes: history.present };
    void save();
  };

  const save = async (): Promise<void> => {
    if (saving) return;
    saving = true;
    while (wanted !== undefined) {
      const { id, shapes } = wanted;
      const { open } = store.state;
      const base = open?.id === id ? open.revision : revisions.get(id);
      if (base === undefined) break;
      try {
        const { revision } = await server.save(id, base, shapes);
        revisions.set(id, revision);
        if (store.state.open?.id === id) store.set({ open: { ...store.state.open, revision } });
        if (wanted?.shapes === shapes) {
          wanted = undefined;
          store.set({ unsaved: false });
        }
      } catch (error) {
        if (error instanceof Refused && error.status === 0) {
          say("Not saved yet: the server cannot be reached. Trying again …", true);
          await new Promise((resolve) => setTimeout(resolve, RETRY));
        } else if (error instanceof Refused && error.status === 409) await settle(id, shapes);
        else {
          wanted = undefined;
          failed(error);
        }
      }
    }
    saving = false;
  };
  /** Revisions of photographs that were left before their last edit was saved. */
  const revisions = new Map<string, string>();

  /** Both sides have shapes: the person says which. */
  const settle = async (id: string, mine: Shapes): Promise<void> => {
    const theirs = await server.document(id);
    if (JSON.stringify(theirs.shapes) !== JSON.stringify(mine)) {
      const answer = await choose("This photograph was drawn on elsewhere at the same time. Which shapes count?", [
        "The others (mine can be had back with undo)",
        "Mine",
      ]);
      const { history } = store.state;
      if (answer === 0) {
        wanted = undefined;
        if (store.state.open?.id === id) store.set({ history: edit(history, theirs.shapes), unsaved: false });
      }
    }
    revisions.set(id, theirs.revision);
    const { open } = store.state;
    if (open?.id === id) store.set({ open: { ...open, revision: theirs.revision } });
  };

  const place = async (document: PhotographDocument, turn: number): Promise<void> => {
    const { id, width, height, revision, shapes, hasPicture, label, problems } = document;
    const [bitmap, picture, pixels] = await Promise.all([
      server.bitmap(id),
      hasPicture ? server.pixels(id, "strokes") : undefined,
      label === null ? undefined : server.pixels(id, "label"),
    ]);
    if (turn !== opening) return bitmap.close();
    store.state.open?.bitmap.close();
    store.set({
      open: { id, width, height, revision, bitmap, picture, label: pixels, labelState: label, problems },
      history: startHistory(shapes),
      unsaved: false,
      progress: undefined,
    });
    scene().fit();
    if (problems.length > 0) say(problems.join(" "), true);
    else if (label === null && !isEmpty(shapes, hasPicture)) await server.relabel(id);
  };

  /** In the strip's order, which ends at both ends. */
  const placesFrom = (id: string | undefined, by: number): PhotographEntry | undefined => {
    const order = orderedPhotographs(store.state);
    const index = order.findIndex((each) => each.id === id);
    return order[Math.min(order.length - 1, Math.max(0, index + by))];
  };

  const editing: Editing = {
    async open(id) {
      const turn = ++opening;
      try {
        await place(await server.document(id, placesFrom(id, 1)?.id), turn);
        const entry = store.state.folder.photographs.find((each) => each.id === id);
        if (turn === opening && store.state.message.isError === false) say(entry?.name ?? "");
      } catch (error) {
        failed(error);
      }
    },
    step(by) {
      const next = placesFrom(store.state.open?.id, by);
      if (next !== undefined && next.id !== store.state.open?.id) void editing.open(next.id);
    },
    draw: (shapes) => apply(edit(store.state.history, shapes)),
    undo: () => apply(undo(store.state.history)),
    redo: () => apply(redo(store.state.history)),
    penDown() {
      const { open, progress } = store.state;
      if (open !== undefined && progress !== undefined) void server.drawing(open.id).catch(() => undefined);
    },
    penUp() {
      const { open, progress } = store.state;
      if (open !== undefined && progress !== undefined) void server.relabel(open.id).catch(() => undefined);
    },
    async showLabel() {
      const { open } = store.state;
      if (open === undefined) return;
      const label = await server.pixels(open.id, "label").catch(() => undefined);
      const now = store.state.open;
      if (now?.id === open.id && label?.length === now.width * now.height) store.set({ open: { ...now, label } });
    },
    async changedElsewhere(revision) {
      const { open, unsaved } = store.state;
      if (open === undefined || revision === open.revision || saving || unsaved) return;
      const document = await server.document(open.id);
      const now = store.state.open;
      if (now?.id !== document.id || now.revision === document.revision || store.state.unsaved) return;
      const picture = document.hasPicture ? await server.pixels(document.id, "strokes") : undefined;
      const { history } = store.state;
      store.set({
        open: { ...now, revision: document.revision, picture, problems: document.problems },
        history: edit(history, document.shapes),
      });
      say("The shapes of this photograph were changed elsewhere; they are shown as they are now.");
    },
    async toggleChecked() {
      const { open, folder } = store.state;
      if (open === undefined) return;
      const entry = folder.photographs.find(({ id }) => id === open.id);
      try {
        const now = await server.setChecked(open.id, entry?.state !== "checked");
        say(now.state === "checked" ? "Checked: this label stays as it is." : "No longer checked.");
      } catch (error) {
        failed(error);
      }
    },
    async replaceForeign() {
      const { open } = store.state;
      if (open === undefined || !open.labelState?.foreign) return;
      await server.replaceForeign(open.id).then(() => say("The label in the folder is the one on screen now."), failed);
    },
    say,
  };
  return editing;
}
