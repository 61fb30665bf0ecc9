/** The list of keys, and questions with a few answers. */

import type { Command } from "../keys";
import { byId, element } from "./element";

export function showHelp(commands: readonly Command[]): void {
  const dialog = byId<HTMLDialogElement>("help");
  const groups = [...new Set(commands.map(({ group }) => group))].map((group) => {
    const rows = commands
      .filter((command) => command.group === group)
      .map(({ keys, help }) => {
        const shown = keys.length > 4 ? [`${keys[0]} … ${keys[keys.length - 1]}`] : keys;
        return element(
          "tr",
          {},
          element("th", { scope: "row" }, ...shown.flatMap((key) => [element("kbd", {}, key), " "])),
          element("td", {}, help),
        );
      });
    return element("section", {}, element("h3", {}, group), element("table", {}, element("tbody", {}, ...rows)));
  });
  const close = element("button", { type: "button", click: () => dialog.close() }, "Close");
  dialog.replaceChildren(
    element("h2", { id: "help-title" }, "Keys"),
    element("div", { class: "groups" }, ...groups),
    element("div", { class: "buttons" }, close),
  );
  dialog.showModal();
}

/** @returns the index of the answer; the first where the dialog is closed without one */
export function choose(question: string, answers: readonly string[]): Promise<number> {
  const dialog = byId<HTMLDialogElement>("choice-dialog");
  return new Promise((resolve) => {
    let answer = 0;
    const buttons = answers.map((text, index) =>
      element(
        "button",
        {
          type: "button",
          click: () => {
            answer = index;
            dialog.close();
          },
        },
        text,
      ),
    );
    dialog.replaceChildren(
      element("h2", { id: "choice-title" }, question),
      element("div", { class: "buttons" }, ...buttons),
    );
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
  });
}
