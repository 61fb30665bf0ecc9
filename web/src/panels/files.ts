/** Annotations in and out: files of other tools, zips and folders. */

import type { ExportFormat } from "../../../src/annotate/protocol";
import type { Editing } from "../editing";
import { server } from "../server";
import { byId, element } from "./element";

const FORMATS: readonly (readonly [format: ExportFormat, title: string])[] = [
  ["voc", "PASCAL VOC: label pictures and boxes"],
  ["coco-rle", "COCO: masks as run lengths"],
  ["coco-polygons", "COCO: masks as polygons"],
  ["yolo", "YOLO segmentation: polygons"],
  ["labelme", "labelme: polygons"],
  ["instances", "Boxes' objects: COCO and VOC"],
];

export function showFiles(editing: Editing): void {
  const dialog = byId<HTMLDialogElement>("files-dialog");
  const told = element("p", { role: "status" });
  const act = async (work: () => Promise<string>): Promise<void> => {
    told.textContent = "…";
    try {
      told.textContent = await work();
      editing.say(told.textContent);
    } catch (error) {
      told.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const chosen = element("input", { type: "file", id: "import-files", multiple: true, accept: ".json,.txt,.xml" });
  chosen.addEventListener("change", () =>
    act(async () => {
      const { photographs, shapes, notices } = await server.importFiles([...(chosen.files ?? [])]);
      return [`${shapes} shapes of ${photographs} photographs were taken over.`, ...notices].join(" ");
    }),
  );
  const rows = FORMATS.map(([format, title]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, title),
      element(
        "td",
        {},
        element("a", { href: server.exportAddress(format), download: "", "aria-label": `Zip: ${title}` }, "Zip"),
        " ",
        element(
          "button",
          {
            type: "button",
            "aria-label": `Folder: ${title}`,
            click: () =>
              void act(async () => {
                const { folder, files } = await server.exportFolder(format);
                return `${files} files are in ${folder}.`;
              }),
          },
          "Folder",
        ),
      ),
    ),
  );
  dialog.replaceChildren(
    element("h2", { id: "files-title" }, "Import and export"),
    element(
      "label",
      { for: "import-files" },
      "Take over boxes, lines and points from labelme, COCO, YOLO, CVAT, Label Studio or VOC files",
    ),
    chosen,
    element("h3", {}, "Export every label of this folder"),
    element("table", {}, element("tbody", {}, ...rows)),
    told,
    element("div", { class: "buttons" }, element("button", { type: "button", click: () => dialog.close() }, "Close")),
  );
  dialog.showModal();
}
