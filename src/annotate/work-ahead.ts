/**
 * What is computed while no label is asked for, so that the first stroke on a photograph is answered as fast as the second:
 * the graphs and the lattice of the open photograph's quick label, the same of the photograph after it, the open one's graph
 * of the full label. Whatever is asked for comes first; the part of the work that it interrupts is done again later.
 */

import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import { type LabelPhotographOptions, labelPhotograph } from "../label-photograph/label-photograph";
import { planGraph, workImage } from "../label-photograph/photograph-graph";
import { firstPassOptions, firstPassSize } from "./first-pass";
import type { KeptPhotographs } from "./kept-photographs";

/** A photograph was opened: the next label will be of it, and later ones of those that follow. */
export interface Opened {
  /** The open one first. */
  readonly photographs: readonly { readonly name: string; readonly file: string }[];
  readonly options: LabelPhotographOptions;
}

export interface WorkAhead {
  /** Replaces what is left of the work for the photographs opened before. */
  plan(opened: Opened): void;
  /** Until everything is done or a label is asked for. Never throws: the first stroke will say what is wrong. */
  run(): Promise<void>;
  /** A label is asked for. */
  interrupt(): void;
  readonly isDone: boolean;
}

/** @throws whatever `pause` throws */
type Part = (pause: () => Promise<void>, signal: AbortSignal) => Promise<void>;

/** @param isWanted whether a label waits to be computed */
export function createWorkAhead(kept: KeptPhotographs, isWanted: () => boolean): WorkAhead {
  let parts: readonly Part[] = [];
  let running = new AbortController();
  let isRehearsed = false;

  /** For most photographs get strokes first. */
  const quickLabel =
    ({ photographs, options }: Opened, index: number): Part =>
    async (pause) => {
      const photograph = await kept.take(photographs[index].file, photographs[index].name);
      const { quick, crf } = photograph;
      const plan = planGraph("scribble", { ...options, ...firstPassSize(quick) });
      await kept.graphOf(photograph, quick, plan, pause);
      await pause();
      if (plan.config.denseCrf) crf.prepare(workImage(quick, plan.config), crfOptionsOf(plan.config));
    };

  /** Boxes may have another graph. */
  const quickBoxes =
    ({ photographs, options }: Opened): Part =>
    async (pause) => {
      const photograph = await kept.take(photographs[0].file, photographs[0].name);
      const { quick } = photograph;
      await kept.graphOf(photograph, quick, planGraph("box", { ...options, ...firstPassSize(quick) }), pause);
    };

  const fullLabel =
    ({ photographs, options }: Opened): Part =>
    async (pause) => {
      const photograph = await kept.take(photographs[0].file, photographs[0].name);
      await kept.graphOf(photograph, photograph.image, planGraph("scribble", options), pause);
    };

  /** A quick label of made-up strokes: whatever is called for the first time takes several times as long. */
  const rehearsal =
    ({ photographs, options }: Opened): Part =>
    async (pause, signal) => {
      if (isRehearsed) return;
      const photograph = await kept.take(photographs[0].file, photographs[0].name);
      const { quick, crf, name } = photograph;
      const [right, bottom] = [quick.width - 1, quick.height - 1];
      const strokes = [
        { class: 0, points: [0, 0, right, 0] },
        { class: 1, points: [0, bottom, right, bottom] },
      ];
      const quickly = {
        ...options,
        ...firstPassOptions(quick, undefined, { boxes: [], strokes, clicks: [], pins: [] }),
      };
      const built = await kept.graphOf(photograph, quick, planGraph("scribble", quickly), pause);
      await labelPhotograph(quick, { strokes }, { ...quickly, name, graph: built, sharpener: crf, signal });
      isRehearsed = true;
    };

  return {
    plan(opened) {
      running.abort();
      const [first, ...later] = opened.photographs.map((_, index) => quickLabel(opened, index));
      parts = first === undefined ? [] : [first, rehearsal(opened), quickBoxes(opened), ...later, fullLabel(opened)];
    },
    async run() {
      while (parts.length > 0) {
        const [part, ...others] = parts;
        const all = parts;
        const controller = new AbortController();
        running = controller;
        const { signal } = controller;
        const pause = async (): Promise<void> => {
          await new Promise(setImmediate); // requests that came meanwhile
          if (isWanted()) running.abort();
          signal.throwIfAborted();
        };
        try {
          await pause();
          await part(pause, signal);
        } catch {
          if (signal.aborted && isWanted()) return;
        }
        if (parts === all) parts = others;
      }
    },
    interrupt: () => running.abort(),
    get isDone() {
      return parts.length === 0;
    },
  };
}
