/** Every act by keyboard, and the list of them that `?` shows: the two cannot differ. */

import type { Editing } from "./editing";
import { settled } from "./model/shapes";
import type { Store } from "./model/store";
import { tools } from "./tools/registry";
import type { Pen } from "./view/pen";
import type { Scene } from "./view/scene";
import { toPhotograph, toScreen, zoomed } from "./view/viewport";

export interface Command {
  /** As shown; a text that a keyboard has, e.g. "Ctrl+Z". */
  readonly keys: readonly string[];
  readonly help: string;
  readonly group: "Tools" | "Drawing" | "View" | "Photographs" | "Files";
  run(event: KeyboardEvent): void;
  /** When the key is let go. */
  release?(): void;
}

export interface CommandTargets {
  readonly store: Store;
  readonly scene: Scene;
  readonly pen: Pen;
  readonly editing: Editing;
  showHelp(): void;
  addClass(): void;
  showFiles(): void;
  toggleBatch(): void;
  toggleLearning(): void;
}

export function createCommands(targets: CommandTargets): readonly Command[] {
  const { store, scene, pen, editing } = targets;
  const middle = (): { x: number; y: number } => ({ x: scene.stage.width / 2, y: scene.stage.height / 2 });
  const zoom = (factor: number) => (): void => {
    scene.viewport = zoomed(scene.viewport, factor, scene.cursor ? toScreen(scene.viewport, scene.cursor) : middle());
    scene.repaint();
  };
  const opacity = (by: number) => (): void =>
    store.set({ opacity: Math.min(1, Math.max(0, Math.round((store.state.opacity + by) * 10) / 10)) });
  const moveCursor = (dx: number, dy: number) => (event: KeyboardEvent) => {
    const { open } = store.state;
    if (open === undefined) return;
    const step = (event.shiftKey ? 40 : 6) / scene.viewport.scale;
    const from = scene.cursor ?? settled(toPhotograph(scene.viewport, middle()), open);
    scene.cursor = settled({ x: from.x + dx * step, y: from.y + dy * step }, open);
    if (pen.isDown) pen.move([scene.cursor]);
    scene.repaint();
  };
  const chooseClass = (by: number) => (): void => {
    const { class: now, folder } = store.state;
    store.set({ class: (now + by + folder.classes.length) % folder.classes.length });
  };
  return [
    ...tools.map(
      (tool): Command => ({
        keys: [tool.key.toUpperCase()],
        help: `${tool.title}: ${tool.help}`,
        group: "Tools",
        run: () => store.set({ tool: tool.name }),
      }),
    ),
    {
      keys: ["←", "→", "↑", "↓"],
      help: "move the cursor; with Shift in larger steps",
      group: "Drawing",
      run(event) {
        const [dx, dy] = ARROWS[event.key] ?? [0, 0];
        moveCursor(dx, dy)(event);
      },
    },
    {
      keys: ["Enter"],
      help: "put the pen down at the cursor, or lift it",
      group: "Drawing",
      run() {
        if (pen.isDown) pen.up();
        else if (scene.cursor !== undefined) pen.down(scene.cursor);
        else editing.say("Move the cursor with the arrow keys first.");
      },
    },
    { keys: ["Escape"], help: "forget what was begun", group: "Drawing", run: () => pen.cancel() },
    { keys: ["Ctrl+Z"], help: "undo", group: "Drawing", run: () => editing.undo() },
    { keys: ["Ctrl+Shift+Z", "Ctrl+Y"], help: "redo", group: "Drawing", run: () => editing.redo() },
    {
      keys: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
      help: "choose a class; 0 is the background",
      group: "Drawing",
      run(event) {
        const label = Number(event.key);
        if (label < store.state.folder.classes.length) store.set({ class: label });
      },
    },
    { keys: [","], help: "the class before", group: "Drawing", run: chooseClass(-1) },
    { keys: ["."], help: "the class after", group: "Drawing", run: chooseClass(1) },
    { keys: ["N"], help: "add a class", group: "Drawing", run: () => targets.addClass() },
    {
      keys: ["C"],
      help: "hold to see the photograph alone",
      group: "View",
      run: () => store.set({ comparing: true }),
      release: () => store.set({ comparing: false }),
    },
    {
      keys: ["O"],
      help: "outlines only, or filled",
      group: "View",
      run: () => store.set({ outlines: !store.state.outlines }),
    },
    { keys: ["["], help: "the label more transparent", group: "View", run: opacity(-0.1) },
    { keys: ["]"], help: "the label more opaque", group: "View", run: opacity(0.1) },
    { keys: ["+", "="], help: "zoom in", group: "View", run: zoom(1.25) },
    { keys: ["-"], help: "zoom out", group: "View", run: zoom(0.8) },
    { keys: ["F"], help: "the whole photograph", group: "View", run: () => scene.fit() },
    { keys: ["PageUp"], help: "the photograph before", group: "Photographs", run: () => editing.step(-1) },
    { keys: ["PageDown"], help: "the photograph after", group: "Photographs", run: () => editing.step(1) },
    {
      keys: ["X"],
      help: "call the label of this photograph right, or no longer",
      group: "Photographs",
      run: () => void editing.toggleChecked(),
    },
    {
      keys: ["R"],
      help: "put the label on screen in place of one that was made elsewhere",
      group: "Photographs",
      run: () => void editing.replaceForeign(),
    },
    {
      keys: ["D"],
      help: "doubtful photographs first, or in order",
      group: "Photographs",
      run: () => store.set({ doubtfulFirst: !store.state.doubtfulFirst }),
    },
    {
      keys: ["A"],
      help: "label all photographs that are drawn on, or stop",
      group: "Photographs",
      run: () => targets.toggleBatch(),
    },
    {
      keys: ["L"],
      help: "learn from all that is drawn and label the other photographs, or stop",
      group: "Photographs",
      run: () => targets.toggleLearning(),
    },
    { keys: ["I"], help: "import and export", group: "Files", run: () => targets.showFiles() },
    { keys: ["?"], help: "this list", group: "Files", run: () => targets.showHelp() },
  ];
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const SHOWN_AS: Readonly<Record<string, string>> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** Keys act on the page unless something is being typed, or a control has the focus that knows the key itself. */
export function listenToKeys(commands: readonly Command[]): void {
  const byKey = new Map(commands.flatMap((command) => command.keys.map((key) => [key, command] as const)));
  addEventListener("keydown", (event) => {
    if (isTaken(event)) return;
    const command = byKey.get(nameOf(event));
    if (command === undefined || event.altKey) return;
    event.preventDefault();
    command.run(event);
  });
  addEventListener("keyup", (event) => byKey.get(nameOf(event))?.release?.());
  // A window that loses the focus never hears of the key being let go.
  addEventListener("blur", () => {
    for (const { release } of commands) release?.();
  });
}

function nameOf(event: KeyboardEvent): string {
  const shown = SHOWN_AS[event.key];
  if (shown !== undefined) return shown;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  if (!event.ctrlKey && !event.metaKey) return key;
  return `Ctrl+${event.shiftKey ? "Shift+" : ""}${key}`;
}

function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (document.querySelector("dialog[open]") !== null) return true;
  if (target.closest("input, textarea, select") !== null) return true;
  return event.key === "Enter" && target.closest("button") !== null;
}
