/**
 * Pointer events on the photograph: mouse and pen draw, and so does a finger until a pen has been seen, from when on
 * fingers only move the view. While a pen is down, nothing else on the tablet counts: that is the hand resting on it. Two
 * fingers pinch, the wheel zooms, the middle button drags.
 */

import type { Editing } from "../editing";
import { type Place, settled } from "../model/shapes";
import type { Store } from "../model/store";
import { toolNamed } from "../tools/registry";
import type { Canvas, Gesture } from "../tools/tool";
import type { Scene } from "./scene";
import { moved, toPhotograph, zoomed } from "./viewport";

export interface Pen {
  /** At a place of the photograph, also by keyboard. */
  down(at: Place): void;
  move(places: readonly Place[]): void;
  up(): void;
  /** Whatever was begun is forgotten. */
  cancel(): void;
  readonly isDown: boolean;
}

export function createPen(canvas: HTMLCanvasElement, scene: Scene, store: Store, editing: Editing): Pen {
  let gesture: Gesture | undefined;
  const view = (): Canvas | undefined => {
    const { open, history, class: label, folder } = store.state;
    if (open === undefined) return undefined;
    return {
      size: open,
      shapes: history.present,
      class: label,
      ignore: folder.ignore,
      label: open.label,
      hasPicture: open.picture !== undefined,
      grain: 1 / scene.viewport.scale,
      explain: (text) => editing.say(text),
    };
  };
  const pen: Pen = {
    get isDown() {
      return gesture !== undefined;
    },
    down(at) {
      const now = view();
      if (now === undefined) return;
      gesture = toolNamed(store.state.tool).begin?.(settled(at, now.size), now);
      if (gesture === undefined) return;
      editing.penDown();
      scene.preview = gesture.preview(now);
      scene.repaint();
    },
    move(places) {
      const now = view();
      if (gesture === undefined || now === undefined || places.length === 0) return;
      gesture.move(
        places.map((place) => settled(place, now.size)),
        now,
      );
      scene.preview = gesture.preview(now);
      scene.repaint();
    },
    up() {
      const now = view();
      const shapes = now === undefined ? undefined : gesture?.end(now);
      if (gesture === undefined) return;
      gesture = scene.preview = undefined;
      if (shapes === undefined) editing.penUp();
      else editing.draw(shapes);
      scene.repaint();
    },
    cancel() {
      if (gesture === undefined) return;
      gesture = scene.preview = undefined;
      editing.penUp();
      scene.repaint();
    },
  };
  listenToPointers(canvas, scene, store, pen);
  return pen;
}

function listenToPointers(canvas: HTMLCanvasElement, scene: Scene, store: Store, pen: Pen): void {
  const fingers = new Map<number, Place>();
  let drawing: number | undefined;
  let dragging: { id: number; last: Place } | undefined;
  let penSeen = false;
  let penIsDown = false;

  const onStage = ({ clientX, clientY }: { clientX: number; clientY: number }): Place => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const onPhotograph = (event: PointerEvent): Place => toPhotograph(scene.viewport, onStage(event));
  const drag = (to: Place): void => {
    if (dragging === undefined) return;
    scene.viewport = moved(scene.viewport, to.x - dragging.last.x, to.y - dragging.last.y);
    dragging.last = to;
    scene.repaint();
  };

  /** The hand was there before the pen. */
  const letGoOfHand = (): void => {
    penSeen = true;
    fingers.clear();
    dragging = undefined;
    if (drawing !== undefined) pen.cancel();
    drawing = undefined;
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" && penIsDown) return;
    if (event.pointerType === "pen") {
      letGoOfHand();
      penIsDown = true;
    }
    canvas.setPointerCapture(event.pointerId);
    scene.cursor = undefined;
    const at = onStage(event);
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, at);
      if (fingers.size > 1) {
        pen.cancel();
        drawing = dragging = undefined;
        return;
      }
    }
    const drags = event.button === 1 || store.state.tool === "hand" || (event.pointerType === "touch" && penSeen);
    if (drags) dragging = { id: event.pointerId, last: at };
    else if (event.button === 0 && drawing === undefined) {
      drawing = event.pointerId;
      pen.down(onPhotograph(event));
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = onStage(event);
    if (fingers.has(event.pointerId)) {
      if (fingers.size === 2) pinch(scene, fingers, event.pointerId, at);
      fingers.set(event.pointerId, at);
    }
    if (dragging?.id === event.pointerId) drag(at);
    if (drawing !== event.pointerId) return;
    const coalesced = event.getCoalescedEvents();
    pen.move((coalesced.length > 0 ? coalesced : [event]).map(onPhotograph));
  });
  const lift = (event: PointerEvent, finish: () => void): void => {
    fingers.delete(event.pointerId);
    if (event.pointerType === "pen") penIsDown = false;
    if (dragging?.id === event.pointerId) dragging = undefined;
    if (drawing !== event.pointerId) return;
    drawing = undefined;
    finish();
  };
  canvas.addEventListener("pointerup", (event) =>
    lift(event, () => {
      pen.move([onPhotograph(event)]);
      pen.up();
    }),
  );
  canvas.addEventListener("pointercancel", (event) => lift(event, pen.cancel));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015));
      scene.viewport = zoomed(scene.viewport, factor, onStage(event));
      scene.repaint();
    },
    { passive: false },
  );
}

/** Two fingers: their middle moves the photograph, their distance scales it. */
function pinch(scene: Scene, fingers: ReadonlyMap<number, Place>, id: number, to: Place): void {
  const from = fingers.get(id) as Place;
  const other = [...fingers].find(([each]) => each !== id)?.[1] as Place;
  const before = Math.hypot(from.x - other.x, from.y - other.y);
  const after = Math.hypot(to.x - other.x, to.y - other.y);
  const shifted = moved(scene.viewport, (to.x - from.x) / 2, (to.y - from.y) / 2);
  const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
  scene.viewport = before > 0 ? zoomed(shifted, after / before, middle) : shifted;
  scene.repaint();
}
