/** What the page has to say: messages, facts of the photograph, and how far its label is. */

import type { Store } from "../model/store";
import { byId } from "./element";

export function createStatus(store: Store): void {
  const [message, facts, bar] = [byId("message"), byId("facts"), byId("progress")];
  const fill = bar.firstElementChild as HTMLElement;
  store.subscribe(({ message: { text, isError }, open, progress, unsaved, history, folder }) => {
    if (message.textContent !== text) message.textContent = text;
    message.classList.toggle("error", isError);
    bar.hidden = progress === undefined;
    const share = progress === undefined ? 0 : Math.round(progress.share * 100);
    fill.style.width = `${share}%`;
    bar.setAttribute("aria-valuenow", String(share));
    if (open === undefined) return;
    const { boxes, strokes, clicks, pins } = history.present;
    const count = (number: number, what: string): string[] =>
      number === 0 ? [] : [`${number} ${what}${number === 1 ? "" : what.endsWith("x") ? "es" : "s"}`];
    const { labelState } = open;
    const label =
      labelState === null
        ? "no label yet"
        : labelState.stage === "first"
          ? "quick label, being refined"
          : labelState.saved
            ? "label saved"
            : "label not saved";
    const parts = [
      `${open.width} × ${open.height}`,
      ...count(boxes.length, "box"),
      ...count(strokes.length, "stroke"),
      ...count(clicks.length, "click"),
      ...count(pins.length, "pin"),
      label,
      unsaved ? "saving …" : "all drawn is saved",
    ];
    facts.textContent = parts.join(" · ");
    document.title = `${folder.name} – a2gnn annotate`;
    byId("title").textContent = folder.name;
  });
}
