/** Tools, view and actions at the top of the page. */

import type { Editing } from "../editing";
import type { Store } from "../model/store";
import { tools } from "../tools/registry";
import type { Scene } from "../view/scene";
import { byId, element, icon } from "./element";

export interface ToolbarActions {
  readonly store: Store;
  readonly scene: Scene;
  readonly editing: Editing;
  toggleBatch(): void;
  toggleLearning(): void;
  showFiles(): void;
  showHelp(): void;
}

export function createToolbar(actions: ToolbarActions): void {
  const { store, scene, editing, toggleBatch, toggleLearning, showFiles, showHelp } = actions;
  const button = (label: string, key: string, click: () => void, path?: string): HTMLButtonElement =>
    element(
      "button",
      { type: "button", title: `${label} (${key})`, "aria-keyshortcuts": key, click },
      ...(path === undefined ? [] : [icon(path)]),
      element("span", {}, label),
    );
  const toolButtons = tools.map((tool) => {
    const made = button(tool.title, tool.key.toUpperCase(), () => store.set({ tool: tool.name }), tool.icon);
    made.dataset.tool = tool.name;
    return made;
  });
  byId("tools").append(...toolButtons);

  const undo = button("Undo", "Control+Z", () => editing.undo(), "M9 6L4 11l5 5M4 11h10a5 5 0 0 1 0 9h-3");
  const redo = button("Redo", "Control+Y", () => editing.redo(), "M15 6l5 5-5 5M20 11H10a5 5 0 0 0 0 9h3");
  const outlines = button("Outlines", "O", () => store.set({ outlines: !store.state.outlines }));
  const fit = button("Fit", "F", () => scene.fit());
  const opacity = element("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "0.1",
    "aria-label": "Opacity of the label",
  });
  opacity.addEventListener("input", () => store.set({ opacity: Number(opacity.value) }));
  byId("view").append(undo, redo, outlines, fit, element("label", { class: "opacity" }, "Opacity ", opacity));

  const checked = button("Checked", "X", () => void editing.toggleChecked(), "M5 12l5 5 9-10");
  checked.id = "checked";
  const batch = button("Label all", "A", toggleBatch);
  batch.id = "batch";
  const learn = button("Learn", "L", toggleLearning);
  const doubtful = button("Doubtful first", "D", () => store.set({ doubtfulFirst: !store.state.doubtfulFirst }));
  const files = button("Import, export", "I", showFiles);
  const help = button("Keys", "?", showHelp);
  const replace = button("Replace the label in the folder", "R", () => void editing.replaceForeign());
  replace.hidden = true;
  byId("actions").append(replace, checked, batch, learn, doubtful, files, help);

  const press = (made: HTMLButtonElement, on: boolean): void => made.setAttribute("aria-pressed", String(on));
  store.subscribe((state) => {
    for (const made of toolButtons) press(made, made.dataset.tool === state.tool);
    press(outlines, state.outlines);
    press(doubtful, state.doubtfulFirst);
    opacity.value = String(state.opacity);
    undo.disabled = state.history.past.length === 0;
    redo.disabled = state.history.future.length === 0;
    const entry = state.folder.photographs.find(({ id }) => id === state.open?.id);
    const label = state.open?.labelState;
    replace.hidden = label === undefined || label === null || !label.foreign || label.saved;
    press(checked, entry?.state === "checked");
    const running = state.folder.batch?.running === true;
    press(batch, running);
    const learns = state.folder.learn?.running === true;
    press(learn, learns);
    (learn.lastChild as HTMLElement).textContent = learns ? "Stop learning" : "Learn";
    const { done, total } = state.folder.batch ?? { done: 0, total: 0 };
    (batch.lastChild as HTMLElement).textContent = running ? `Stop (${done} of ${total})` : "Label all";
  });
}
