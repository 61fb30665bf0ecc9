/** What happens on the server, followed: labels as they are made, changes of files, the state of every photograph. */

import type { ServerEvent } from "../../src/annotate/protocol";
import type { Editing } from "./editing";
import type { Store } from "./model/store";
import { listen, server } from "./server";

export function follow(store: Store, editing: Editing): void {
  let lost = false;
  const told = new Set<string>();
  const readFolder = async (): Promise<void> => {
    const folder = await server.folder();
    store.set({ folder, class: Math.min(store.state.class, folder.classes.length - 1) });
  };
  const act = (event: ServerEvent): void => {
    const { open, folder } = store.state;
    switch (event.kind) {
      case "photograph":
        store.set({
          folder: {
            ...folder,
            photographs: folder.photographs.map((entry) => (entry.id === event.entry.id ? event.entry : entry)),
          },
        });
        return;
      case "batch":
        store.set({ folder: { ...folder, batch: event.batch } });
        if (!event.batch.running) tellBatch(event.batch.done, event.batch.failed);
        return;
      case "learn":
        store.set({ folder: { ...folder, learn: event.learn } });
        editing.say(event.learn.line, event.learn.failed);
        return;
      case "folder":
        void readFolder();
        return;
    }
    if (open === undefined || event.id !== open.id) return;
    switch (event.kind) {
      case "progress":
        store.set({ progress: { stage: event.stage, share: event.share } });
        return;
      case "label":
        store.set({ open: { ...open, labelState: event.label } });
        tellOnce(event.notices);
        if (event.label.foreign)
          editing.say(
            "The folder holds a label of this photograph that was made elsewhere; it stays until you replace it.",
          );
        void editing.showLabel();
        return;
      case "failed":
        editing.say(event.reason, true);
        return;
      case "idle":
        store.set({ progress: undefined });
        return;
      case "shapes":
        void editing.changedElsewhere(event.revision);
        return;
    }
  };
  /** What was said of one label need not be said of the next. */
  const tellOnce = (notices: readonly string[]): void => {
    const fresh = notices.filter((notice) => !told.has(notice));
    for (const notice of fresh) told.add(notice);
    if (fresh.length > 0) editing.say(`${fresh.join(". ")}.`);
  };
  const tellBatch = (done: number, failed: readonly { name: string; reason: string }[]): void => {
    const failures = failed.map(({ name, reason }) => ` ${name}: ${reason}.`).join("");
    const count = done - failed.length;
    editing.say(`${count} photograph${count === 1 ? "" : "s"} labelled.${failures}`, failed.length > 0);
  };
  listen({
    event: act,
    async connected() {
      await readFolder();
      const { open, folder } = store.state;
      if (open === undefined && folder.photographs.length > 0) await editing.open(folder.photographs[0].id);
      else if (lost && open !== undefined) {
        const { revision } = await server.document(open.id);
        await editing.changedElsewhere(revision);
        await editing.showLabel();
      }
      if (lost) editing.say("The server is back.");
      lost = false;
    },
    lost() {
      lost = true;
      editing.say("The server cannot be reached: was it stopped? What was saved is safe.", true);
    },
  });
}
