/** The page: its parts are made here and told of one another; each does one thing and knows the store. */

import { createEditing } from "./editing";
import { follow } from "./follow";
import { createCommands, listenToKeys } from "./keys";
import { createStore } from "./model/store";
import { choose, showHelp } from "./panels/dialogs";
import { byId } from "./panels/element";
import { showFiles } from "./panels/files";
import { toggleLearning } from "./panels/learn";
import { createPalette } from "./panels/palette";
import { createStatus } from "./panels/status";
import { createStrip } from "./panels/strip";
import { createToolbar } from "./panels/toolbar";
import { server } from "./server";
import { createPen } from "./view/pen";
import { createScene } from "./view/scene";

const store = createStore();
const canvas = byId<HTMLCanvasElement>("canvas");
const scene = createScene(canvas, store);
const editing = createEditing(store, () => scene, choose);
const pen = createPen(canvas, scene, store, editing);
const palette = createPalette(store, editing);
const toggleBatch = (): void => {
  const asked = store.state.folder.batch?.running ? server.stopBatch() : server.startBatch();
  asked.then(
    (batch) => store.set({ folder: { ...store.state.folder, batch } }),
    (error: Error) => editing.say(error.message, true),
  );
};
const learn = (): void => void toggleLearning(store, editing);
const commands = createCommands({
  store,
  scene,
  pen,
  editing,
  showHelp: () => showHelp(commands),
  addClass: () => palette.addClass(),
  showFiles: () => showFiles(editing),
  toggleBatch,
  toggleLearning: learn,
});
createToolbar({
  store,
  scene,
  editing,
  toggleBatch,
  toggleLearning: learn,
  showFiles: () => showFiles(editing),
  showHelp: () => showHelp(commands),
});
createStrip(store, editing);
createStatus(store);
listenToKeys(commands);
follow(store, editing);
