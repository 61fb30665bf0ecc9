/** Learning from the folder: begun with the time that it may take, and stopped. */

import type { Editing } from "../editing";
import type { Store } from "../model/store";
import { server } from "../server";
import { choose } from "./dialogs";

/** The first is what a closed dialog means. */
const TIMES: readonly (readonly [title: string, budget?: string])[] = [
  ["Not now"],
  ["10 minutes", "10m"],
  ["30 minutes", "30m"],
  ["2 hours", "2h"],
  ["As long as it takes"],
];

export async function toggleLearning(store: Store, editing: Editing): Promise<void> {
  const running = store.state.folder.learn?.running === true;
  const question =
    "A network learns from everything drawn in this folder and labels the photographs on which nothing is drawn. How long may it take?";
  const answer = running
    ? 0
    : await choose(
        question,
        TIMES.map(([title]) => title),
      );
  if (!running && answer === 0) return;
  try {
    const learn = await (running ? server.stopLearning() : server.learn(TIMES[answer][1]));
    store.set({ folder: { ...store.state.folder, learn } });
  } catch (error) {
    editing.say(error instanceof Error ? error.message : String(error), true);
  }
}
