/** The classes: chosen, added, renamed, coloured. */

import type { ClassEntry } from "../../../src/annotate/protocol";
import type { Editing } from "../editing";
import type { Store } from "../model/store";
import { server } from "../server";
import { cssColour } from "../view/draw-shapes";
import { byId, element } from "./element";

export interface Palette {
  addClass(): void;
}

export function createPalette(store: Store, editing: Editing): Palette {
  const panel = byId("palette");
  const save = async (classes: readonly ClassEntry[], chosen: number): Promise<void> => {
    try {
      const folder = await server.saveClasses(store.state.folder.classesRevision, classes);
      store.set({ folder, class: chosen });
    } catch (error) {
      editing.say(error instanceof Error ? error.message : String(error), true);
    }
  };
  const change = (index: number): void => {
    const { classes } = store.state.folder;
    const isNew = index === classes.length;
    const before: ClassEntry = classes[index] ?? { name: "", colour: freshColour(index) };
    askForClass(isNew ? "A new class" : "Change the class", before, index === 0, (entry) => {
      const next = [...classes.slice(0, index), entry, ...classes.slice(index + 1)];
      void save(next, index);
    });
  };
  const draw = (): void => {
    const { folder, class: chosen } = store.state;
    const rows = folder.classes.map((entry, index) => {
      const key = index < 10 ? String(index) : "";
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = cssColour(folder.classes, index);
      const choose = element(
        "button",
        {
          type: "button",
          class: "class",
          "aria-pressed": String(index === chosen),
          click: () => store.set({ class: index }),
        },
        swatch,
        element("span", { class: "name" }, entry.name),
        element("kbd", { "aria-hidden": "true" }, key),
      );
      const edit = element(
        "button",
        { type: "button", class: "edit", "aria-label": `Change ${entry.name}`, click: () => change(index) },
        "…",
      );
      return element("li", {}, choose, edit);
    });
    const add = element(
      "button",
      { type: "button", id: "add-class", click: () => change(folder.classes.length) },
      "Add a class",
    );
    panel.replaceChildren(element("h2", {}, "Classes"), element("ul", {}, ...rows), add);
  };
  store.subscribe((state, before) => {
    if (state.folder.classes === before.folder.classes && state.class === before.class) return;
    draw();
  });
  return { addClass: () => change(store.state.folder.classes.length) };
}

function askForClass(
  title: string,
  before: ClassEntry,
  isBackground: boolean,
  done: (entry: ClassEntry) => void,
): void {
  const dialog = byId<HTMLDialogElement>("class-dialog");
  const name = element("input", {
    type: "text",
    id: "class-name",
    maxlength: "100",
    required: true,
    autocomplete: "off",
  });
  name.value = before.name;
  name.readOnly = isBackground;
  const colour = element("input", { type: "color", id: "class-colour" });
  colour.value = `#${before.colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: "class-title" }, title),
    element("label", { for: "class-name" }, "Name"),
    name,
    element("label", { for: "class-colour" }, "Colour"),
    colour,
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", click: () => dialog.close() }, "Cancel"),
      element("button", { type: "submit", class: "primary" }, "Save"),
    ),
  );
  form.addEventListener("submit", () => {
    const hex = colour.value;
    const part = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);
    done({ name: name.value.trim(), colour: [part(1), part(3), part(5)] });
  });
  dialog.replaceChildren(form);
  dialog.showModal();
  name.select();
}

/** Hues a golden angle apart: neighbours in the list never look alike. */
function freshColour(index: number): ClassEntry["colour"] {
  const hue = (index * 137.5) % 360;
  const channel = (shift: number): number => {
    const k = (shift + hue / 30) % 12;
    return Math.round(255 * (0.55 - 0.4 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
