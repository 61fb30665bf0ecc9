/**
 * One folder being annotated: what its files say, what is drawn, what is computed. The server puts it on the wire, tests
 * and notebooks call it directly. Files are the only memory: a session killed anywhere resumes from them.
 */

import path from "node:path";
import type { LabelMap } from "../data/label-png";
import { messageOf, UserError } from "../errors";
import type { LabelPhotographOptions } from "../label-photograph/label-photograph";
import { checkShapes } from "./check-shapes";
import { beginClassList, type ClassList, classEntries, readClassList, writeClassList } from "./class-list";
import { type ContainedFolder, digest, openContainedFolder } from "./contained-folder";
import type { LabelledFile } from "./export-files";
import { openImport, type SentFile, withImported } from "./import-files";
import { type LabelFiles, openLabelFiles } from "./label-files";
import { createLabelling, type Labelling, type Stage } from "./labelling";
import { learnCommand, type StartLearning } from "./learn-process";
import { createLearning, type Learning, readLearned } from "./learning";
import { type LabelledObjects, openObjectFiles } from "./object-files";
import { locatePhotograph, openPhotographs, type Photograph, sizedPhotograph } from "./photographs";
import type {
  FolderDocument,
  ImportAnswer,
  LabelState,
  PhotographDocument,
  PhotographEntry,
  PhotographState,
  SaveShapesAnswer,
  ServerEvent,
} from "./protocol";
import {
  type NamedPhotograph,
  namesWithShapes,
  readRevision,
  readShapes,
  type ShapesOnDisk,
  writeShapes,
} from "./shape-files";
import { isEmpty } from "./weak-labels-of-shapes";
import type { WorkerProcess } from "./worker-process";

export interface SessionOptions {
  readonly list?: string;
  /** Foreground classes of a folder that has no list of its own yet. */
  readonly classes?: readonly string[];
  /** How labels are computed: options of `labelPhotograph`, the command line's defaults where left out. */
  readonly label?: LabelPhotographOptions;
  /** How a network learns from the folder. Default: the command `learn`. */
  readonly learn?: StartLearning;
}

export interface Session {
  readonly folder: ContainedFolder;
  readonly labelling: Labelling;
  readonly learning: Learning;
  readonly labels: LabelFiles;
  readonly photographs: readonly Photograph[];
  classes(): ClassList;
  /** @throws UserError "input" for an id that is none of this folder's */
  photograph(id: string): Photograph;
  sized(id: string): Promise<NamedPhotograph>;
  /** The photograph's file. */
  locate(id: string): Promise<string>;
  folderDocument(): Promise<FolderDocument>;
  /** @param next the photograph that will probably be opened after it */
  document(id: string, next?: string): Promise<PhotographDocument>;
  /** Strokes that are there as a picture. */
  picture(id: string): Promise<LabelMap | undefined>;
  label(id: string): Promise<LabelMap | undefined>;
  /** Saves, and has the label made. @throws ShapesChanged, UserError */
  save(id: string, base: string, shapes: unknown): Promise<SaveShapesAnswer>;
  saveClasses(base: string, classes: unknown): Promise<void>;
  /** A checked label is the one on screen, kept. */
  setChecked(id: string, checked: boolean): Promise<void>;
  /** Puts the label on screen in place of one that was made elsewhere. */
  replaceForeign(id: string): Promise<void>;
  /** Photographs with something drawn whose label is missing or older than what is drawn. */
  unlabelled(): Promise<readonly string[]>;
  entry(id: string): Promise<PhotographEntry>;
  /** Every photograph that has a label, for an export. */
  labelled(): AsyncIterable<LabelledFile>;
  /** Adds what files of other tools say. @throws UserError "input" where none is understood */
  importFiles(files: readonly SentFile[]): Promise<ImportAnswer>;
  subscribe(listen: (event: ServerEvent) => void): () => void;
  close(): void;
}

/** A label on screen. */
interface Shown {
  readonly label: LabelMap;
  readonly objects?: LabelledObjects;
  readonly state: LabelState;
  readonly shapes: string;
  readonly doubt: number;
}

/** Labels and pictures of strokes that stay in memory, whatever the folder holds. */
const SHOWN = 4;

export async function openSession(root: string, worker: WorkerProcess, options: SessionOptions = {}): Promise<Session> {
  const folder = await openContainedFolder(root);
  const { photographs, notices } = await openPhotographs(folder, options.list);
  const byId = new Map(photographs.map((photograph) => [photograph.id, photograph]));
  if (options.classes !== undefined) await beginClassList(folder, options.classes);
  let classes = await readClassList(folder);
  const labels = await openLabelFiles(folder, () => classes.dataset.palette);
  const objectFiles = await openObjectFiles(folder);
  const listeners = new Set<(event: ServerEvent) => void>();
  const tell = (event: ServerEvent): void => {
    for (const listen of listeners) listen(event);
  };
  const shown = new Map<string, Shown>();
  const pictures = new Map<string, LabelMap>();
  const seen = new Map<string, string>(); // the revision that the page has

  const photograph = (id: string): Photograph => {
    const found = byId.get(id);
    if (found === undefined) throw new UserError("input", "no photograph of this id");
    return found;
  };
  const sized = (id: string): Promise<NamedPhotograph> => sizedPhotograph(folder, photograph(id));
  const shapesOf = async (id: string): Promise<ShapesOnDisk> => readShapes(folder, await sized(id), classes.dataset);

  const entry = async (id: string): Promise<PhotographEntry> => {
    const { name } = photograph(id);
    return entryOf(id, await namesWithShapes(folder), await labels.names(), await labels.checked(), name);
  };
  const entryOf = (
    id: string,
    drawn: ReadonlySet<string>,
    labelled: ReadonlySet<string>,
    checked: ReadonlySet<string>,
    name: string,
  ): PhotographEntry => {
    const state: PhotographState = checked.has(name)
      ? "checked"
      : labelled.has(name)
        ? "label"
        : drawn.has(name)
          ? "weak"
          : "none";
    const doubt = labelled.has(name) ? labels.doubtOf(name) : undefined;
    return { id, name, state, ...(doubt === undefined ? {} : { doubt }) };
  };
  const tellEntry = async (id: string): Promise<void> => tell({ kind: "photograph", entry: await entry(id) });

  /** The label and the objects in it. @returns false where a label that was made elsewhere is in its place */
  const write = async (name: string, made: Omit<Shown, "state">, replacesForeign: boolean): Promise<boolean> => {
    const { label, objects, shapes, doubt } = made;
    if (!(await labels.write(name, label, shapes, doubt, replacesForeign))) return false;
    await objectFiles.write(name, objects);
    return true;
  };

  /** Shows a label; writes it where it is the full one and nothing of others is in its place. */
  const show = async (
    id: string,
    next: Omit<Shown, "state">,
    stage: Stage,
    notices: readonly string[],
  ): Promise<void> => {
    const { name } = photograph(id);
    const current = (await readRevision(folder, name)) === next.shapes;
    const saved = stage === "final" && current && (await write(name, next, false));
    const foreign = await labels.isForeign(name);
    const state: LabelState = { version: digest(next.label.data), stage, saved, foreign };
    remember(shown, id, { ...next, state });
    tell({ kind: "label", id, label: state, notices });
    if (saved) await tellEntry(id);
  };

  const compute = async (id: string, stage: Stage, signal: AbortSignal): Promise<void> => {
    const { name } = photograph(id);
    const { shapes, revision, picture, problems } = await shapesOf(id);
    if (problems.length > 0) throw new UserError("input", problems.join("; "));
    if (isEmpty(shapes, picture)) return void shown.delete(id);
    const request = {
      stage,
      name,
      file: await locatePhotograph(folder, photograph(id)),
      shapes,
      ...(picture === undefined ? {} : { picture }),
      dataset: classes.dataset,
      options: options.label ?? {},
    };
    const told = (share: number): void => tell({ kind: "progress", id, stage, share });
    const { notices, seconds: _, ...made } = await worker.label(request, signal, told);
    if (signal.aborted) throw new Error("cancelled");
    await show(id, { ...made, shapes: revision }, stage, notices);
  };

  const labelling = createLabelling(compute, {
    failed: (id, reason) => tell({ kind: "failed", id, reason }),
    idle: (id) => tell({ kind: "idle", id }),
    batch: (batch) => tell({ kind: "batch", batch }),
    nameOf: (id) => photograph(id).name,
  });

  /** Labels of photographs on which nothing is drawn; what somebody checked, or made elsewhere, stays. */
  const takeOver = async (learned: string): Promise<number> => {
    let count = 0;
    const [drawn, checked] = [await namesWithShapes(folder), await labels.checked()];
    for (const { id, name } of photographs) {
      if (drawn.has(name) || checked.has(name)) continue;
      const found = await readLearned(folder, learned, name, await sized(id), classes.dataset);
      if (found === undefined) continue;
      if (!(await labels.write(name, found.label, await readRevision(folder, name), found.doubt, false))) continue;
      count++;
      shown.delete(id);
      const version = digest(found.label.data);
      tell({ kind: "label", id, label: { version, stage: "file", saved: true, foreign: false }, notices: [] });
      await tellEntry(id);
    }
    return count;
  };
  const learning = createLearning(folder.root, options.list, options.learn ?? learnCommand(), takeOver, (learn) =>
    tell({ kind: "learn", learn }),
  );

  const shownLabel = async (id: string): Promise<Shown | undefined> => {
    const onScreen = shown.get(id);
    const { name } = photograph(id);
    if (onScreen !== undefined && !onScreen.state.saved) return onScreen;
    const file = await labels.read(name); // which may have been changed elsewhere since
    if (file === undefined) return undefined;
    const state: LabelState = { version: file.version, stage: "file", saved: true, foreign: file.foreign };
    return { label: file.label, state, shapes: file.shapes ?? "", doubt: labels.doubtOf(name) ?? 0 };
  };

  /** What cannot be read now will be said when it is opened. */
  const prepare = async (ids: readonly string[]): Promise<void> => {
    const wanted = ids.flatMap((id) => byId.get(id) ?? []);
    const found = await Promise.all(
      wanted.map(async (each) => {
        const file = await locatePhotograph(folder, each).catch(() => undefined);
        return file === undefined ? [] : [{ name: each.name, file }];
      }),
    );
    worker.prepare({ photographs: found.flat(), options: options.label ?? {} });
  };

  return {
    folder,
    labelling,
    learning,
    labels,
    photographs,
    classes: () => classes,
    photograph,
    sized,
    locate: (id) => locatePhotograph(folder, photograph(id)),
    entry,
    async folderDocument() {
      classes = await readClassList(folder);
      const [drawn, labelled, checked] = [await namesWithShapes(folder), await labels.names(), await labels.checked()];
      return {
        name: folder.root.split(/[\\/]/).pop() ?? "",
        classes: classEntries(classes.dataset),
        classesRevision: classes.revision,
        ignore: classes.dataset.ignore,
        photographs: photographs.map(({ id, name }) => entryOf(id, drawn, labelled, checked, name)),
        batch: labelling.batch(),
        learn: learning.progress(),
        notices,
      };
    },
    async document(id, next) {
      const { width, height } = await sized(id);
      const { shapes, revision, picture, problems } = await shapesOf(id);
      if (picture === undefined) pictures.delete(id);
      else remember(pictures, id, picture);
      seen.set(id, revision);
      const label = (await shownLabel(id))?.state ?? null;
      await prepare(next === undefined || next === id ? [id] : [id, next]);
      return { id, width, height, revision, shapes, hasPicture: picture !== undefined, label, problems };
    },
    picture: async (id) => pictures.get(id) ?? (await shapesOf(id)).picture,
    label: async (id) => (await shownLabel(id))?.label,
    async save(id, base, value) {
      const size = await sized(id);
      const { classes: names, ignore } = classes.dataset;
      const shapes = checkShapes(value, size, names.length, pictures.has(id) ? ignore : undefined);
      const revision = await writeShapes(folder, size, classes.dataset, base, shapes, pictures.get(id));
      if (revision !== base) {
        seen.set(id, revision);
        await labels.setChecked(size.name, false);
        tell({ kind: "shapes", id, revision });
        await tellEntry(id);
        labelling.request(id);
      }
      return { revision, state: (await entry(id)).state };
    },
    async saveClasses(base, list) {
      classes = await writeClassList(folder, base, list);
      tell({ kind: "folder" });
    },
    async setChecked(id, checked) {
      const { name } = photograph(id);
      if (checked) {
        const now = await shownLabel(id);
        if (now === undefined) throw new UserError("input", "there is no label yet that could be called right");
        labelling.forget(id);
        if (!now.state.saved) {
          if (!(await write(name, now, false)))
            throw new UserError("input", "the label in the folder was made elsewhere: replace it or keep it first");
          const state: LabelState = { ...now.state, saved: true };
          remember(shown, id, { ...now, state });
          tell({ kind: "label", id, label: state, notices: [] });
        }
      }
      await labels.setChecked(name, checked);
      await tellEntry(id);
    },
    async replaceForeign(id) {
      const now = shown.get(id);
      if (now === undefined) throw new UserError("input", "there is no new label to put in its place");
      await write(photograph(id).name, now, true);
      const state: LabelState = { ...now.state, saved: true, foreign: false };
      remember(shown, id, { ...now, state });
      tell({ kind: "label", id, label: state, notices: [] });
      await tellEntry(id);
    },
    async unlabelled() {
      const [drawn, checked] = [await namesWithShapes(folder), await labels.checked()];
      const wanted: string[] = [];
      for (const { id, name } of photographs) {
        if (!drawn.has(name) || checked.has(name)) continue;
        if (!(await labels.isSettled(name, await readRevision(folder, name)))) wanted.push(id);
      }
      return wanted;
    },
    async *labelled() {
      const names = await labels.names();
      for (const each of photographs) {
        const label = names.has(each.name) ? (await labels.read(each.name))?.label : undefined;
        if (label === undefined) continue;
        const file = path.basename(await locatePhotograph(folder, each));
        yield { name: each.name, file, label, objects: () => objectFiles.read(each.name) };
      }
    },
    async importFiles(files) {
      const opened = await openImport(folder, files, classes.dataset);
      const counts = { photographs: 0, shapes: 0 };
      const problems: string[] = [...opened.notices];
      try {
        for (const { id, name } of photographs.filter((each) => opened.concerns(each.name))) {
          try {
            const size = await sized(id);
            const { shapes, revision, picture } = await shapesOf(id);
            const next = withImported(shapes, await opened.shapesOf(name, size));
            if (next === shapes) continue;
            const saved = await writeShapes(folder, size, classes.dataset, revision, next, picture);
            counts.photographs++;
            for (const kind of ["boxes", "strokes", "clicks"] as const)
              counts.shapes += next[kind].length - shapes[kind].length;
            tell({ kind: "shapes", id, revision: saved });
          } catch (error) {
            problems.push(`${name}: ${messageOf(error)}`);
          }
        }
      } finally {
        await opened.close();
      }
      tell({ kind: "folder" });
      return { ...counts, notices: problems };
    },
    subscribe(listen) {
      listeners.add(listen);
      return () => void listeners.delete(listen);
    },
    close() {
      labelling.close();
      learning.stop();
      worker.close();
    },
  };
}

/** The newest few stay. */
function remember<T>(map: Map<string, T>, id: string, value: T): void {
  map.delete(id);
  map.set(id, value);
  for (const oldest of map.keys()) {
    if (map.size <= SHOWN) return;
    map.delete(oldest);
  }
}
