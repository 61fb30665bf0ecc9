/** The photograph, its label, and what is drawn, on one canvas; painted once a frame at most. */

import type { Place, Shapes, Size } from "../model/shapes";
import type { State, Store } from "../model/store";
import { drawShapes } from "./draw-shapes";
import { filledPicture, outlinePicture, pinPicture } from "./label-picture";
import { fitted, toScreen, type Viewport } from "./viewport";

export interface Scene {
  viewport: Viewport;
  /** The stage in pixels of the page. */
  readonly stage: Size;
  /** The shapes while the pen is down. */
  preview: Shapes | undefined;
  /** The keyboard's cursor. */
  cursor: Place | undefined;
  fit(): void;
  repaint(): void;
}

export function createScene(canvas: HTMLCanvasElement, store: Store): Scene {
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const cached = createPictures();
  let asked = false;
  let shown: Uint8Array | undefined;
  const scene: Scene = {
    viewport: { scale: 1, left: 0, top: 0 },
    stage: { width: 1, height: 1 },
    preview: undefined,
    cursor: undefined,
    fit() {
      const { open } = store.state;
      if (open !== undefined) scene.viewport = fitted(open, scene.stage);
      scene.repaint();
    },
    repaint() {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        paint();
      });
    },
  };
  const paint = (): void => {
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, scene.stage.width, scene.stage.height);
    const { state } = store;
    const { open, folder } = state;
    if (open === undefined) return;
    const { scale, left, top } = scene.viewport;
    const lay = (picture: CanvasImageSource, smooth: boolean): void => {
      context.imageSmoothingEnabled = smooth;
      context.drawImage(picture, left, top, open.width * scale, open.height * scale);
    };
    lay(open.bitmap, scale < 3);
    if (open.label !== shown) {
      shown = open.label;
      canvas.dataset.labels = String(Number(canvas.dataset.labels ?? 0) + 1); // for whoever times the page from outside
    }
    if (state.comparing) return;
    const shapes = scene.preview ?? state.history.present;
    const { label, strokes, pins } = cached.of(state, scene.viewport.scale);
    if (label !== undefined) {
      context.globalAlpha = state.outlines ? 1 : state.opacity;
      lay(label, false);
      context.globalAlpha = 1;
    }
    if (pins !== undefined) lay(pins, false);
    if (strokes !== undefined) lay(strokes, false);
    drawShapes(context, shapes, folder.classes, scene.viewport);
    if (scene.cursor !== undefined) drawCursor(context, toScreen(scene.viewport, scene.cursor));
  };
  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    const before = scene.stage;
    (scene as { stage: Size }).stage = { width, height };
    canvas.width = Math.round(width * window.devicePixelRatio);
    canvas.height = Math.round(height * window.devicePixelRatio);
    if (before.width !== width || before.height !== height) scene.fit();
  }).observe(canvas);
  store.subscribe(() => scene.repaint());
  return scene;
}

interface Pictures {
  readonly label?: HTMLCanvasElement;
  readonly strokes?: HTMLCanvasElement;
  readonly pins?: HTMLCanvasElement;
}

/** Pictures are kept while what they show is the very same. */
function createPictures(): { of(state: State, scale: number): Pictures } {
  const one = (): ((key: readonly unknown[], make: () => HTMLCanvasElement) => HTMLCanvasElement) => {
    let last: { key: readonly unknown[]; made: HTMLCanvasElement } | undefined;
    return (key, make) => {
      if (last === undefined || last.key.some((part, i) => part !== key[i])) last = { key, made: make() };
      return last.made;
    };
  };
  const [label, strokes, pins] = [one(), one(), one()];
  return {
    of({ open, folder: { classes }, outlines, history }, scale) {
      if (open === undefined) return {};
      const data = open.label;
      const thickness = outlines ? Math.min(8, Math.max(1, Math.round(1.5 / scale))) : 0;
      const { picture } = open;
      const pinned = history.present.pins;
      return {
        ...(data === undefined
          ? {}
          : {
              label: label([data, classes, thickness], () =>
                outlines ? outlinePicture(data, open, classes, thickness) : filledPicture(data, open, classes),
              ),
            }),
        ...(picture === undefined
          ? {}
          : { strokes: strokes([picture, classes], () => filledPicture(picture, open, classes)) }),
        ...(pinned.length === 0 ? {} : { pins: pins([pinned, open.id], () => pinPicture(pinned, open)) }),
      };
    },
  };
}

function drawCursor(context: CanvasRenderingContext2D, { x, y }: Place): void {
  for (const [colour, width] of [
    ["#fff", 4],
    ["#000", 1.5],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x - 12, y);
    context.lineTo(x + 12, y);
    context.moveTo(x, y - 12);
    context.lineTo(x, y + 12);
    context.stroke();
  }
}
