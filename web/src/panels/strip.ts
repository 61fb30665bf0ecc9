/** The photographs with their state, in one row; only those in sight have elements, so that thousands are no burden. */

import type { PhotographEntry } from "../../../src/annotate/protocol";
import type { Editing } from "../editing";
import { orderedPhotographs, type Store } from "../model/store";
import { server } from "../server";
import { byId, element } from "./element";

const WIDTH = 116;
const STATES = { none: "nothing drawn", weak: "drawn on", label: "labelled", checked: "checked" } as const;

export function createStrip(store: Store, editing: Editing): void {
  const strip = byId("strip");
  const row = element("ul", {});
  strip.append(row);
  const cells = new Map<string, HTMLLIElement>();
  let order: readonly PhotographEntry[] = [];

  const draw = (): void => {
    row.style.width = `${order.length * WIDTH}px`;
    const first = Math.max(0, Math.floor(strip.scrollLeft / WIDTH) - 3);
    const last = Math.min(order.length, Math.ceil((strip.scrollLeft + strip.clientWidth) / WIDTH) + 3);
    const inSight = new Set(order.slice(first, last).map(({ id }) => id));
    for (const [id, cell] of cells) {
      if (inSight.has(id)) continue;
      cell.remove();
      cells.delete(id);
    }
    for (let index = first; index < last; index++) {
      const entry = order[index];
      const cell = cells.get(entry.id) ?? cellOf(entry);
      cell.style.left = `${index * WIDTH}px`;
      // The order of the elements is that in which the Tab key and screen readers go.
      const inPlace = row.children[index - first] ?? null;
      if (inPlace !== cell) row.insertBefore(cell, inPlace);
      update(cell, entry, entry.id === store.state.open?.id);
    }
  };
  const cellOf = ({ id }: PhotographEntry): HTMLLIElement => {
    const picture = element("img", { src: server.thumbnail(id), alt: "", loading: "lazy", decoding: "async" });
    const cell = element(
      "li",
      {},
      element(
        "button",
        { type: "button", click: () => void editing.open(id) },
        picture,
        element("span", { class: "name" }),
        element("span", { class: "state" }),
      ),
    );
    cells.set(id, cell);
    return cell;
  };
  const update = (cell: HTMLLIElement, { name, state, doubt }: PhotographEntry, isOpen: boolean): void => {
    const [button] = cell.children;
    const [, title, badge] = button.children;
    title.textContent = name;
    const doubtful = doubt === undefined ? "" : `, ${(100 * doubt).toFixed(0)} % doubtful`;
    badge.textContent = state === "label" && doubt !== undefined ? doubtful.slice(2) : STATES[state];
    button.setAttribute("data-state", state);
    button.setAttribute("title", `${name}: ${STATES[state]}${doubtful}`);
    if (isOpen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  };
  const reveal = (): void => {
    const index = order.findIndex(({ id }) => id === store.state.open?.id);
    const left = index * WIDTH;
    if (index >= 0 && (left < strip.scrollLeft || left + WIDTH > strip.scrollLeft + strip.clientWidth))
      strip.scrollLeft = left - strip.clientWidth / 2 + WIDTH / 2;
  };
  strip.addEventListener("scroll", draw);
  new ResizeObserver(draw).observe(strip);
  store.subscribe((state, before) => {
    if (
      state.folder === before.folder &&
      state.doubtfulFirst === before.doubtfulFirst &&
      state.open?.id === before.open?.id
    )
      return;
    order = orderedPhotographs(state);
    if (state.open?.id !== before.open?.id || state.doubtfulFirst !== before.doubtfulFirst) reveal();
    draw();
  });
}
