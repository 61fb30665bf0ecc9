/** What a tool is: it follows the pen from down to up, shows a preview, and gives new shapes or none. */

import type { Place, Shapes, Size } from "../model/shapes";

export type ToolName = "box" | "stroke" | "click" | "eraser" | "pin" | "hand";

/** What a tool may know. */
export interface Canvas {
  readonly size: Size;
  readonly shapes: Shapes;
  readonly class: number;
  readonly ignore: number;
  readonly label?: Uint8Array;
  /** Whether strokes are a picture, which is erased by drawing the ignore value. */
  readonly hasPicture: boolean;
  /** Pixels of the photograph that a pixel of the screen covers. */
  readonly grain: number;
  /** Says why nothing was drawn. */
  explain(text: string): void;
}

/** One act with the pen. */
export interface Gesture {
  /** Every place since the last call, coalesced ones included. */
  move(places: readonly Place[], canvas: Canvas): void;
  /** New shapes, or undefined where nothing was drawn. */
  end(canvas: Canvas): Shapes | undefined;
  /** The shapes as they would be now. */
  preview(canvas: Canvas): Shapes;
}

export interface Tool {
  readonly name: ToolName;
  readonly title: string;
  /** One sentence for the help. */
  readonly help: string;
  readonly key: string;
  /** Path in a box of 24 × 24. */
  readonly icon: string;
  /** Undefined where the tool moves the view. */
  begin?(at: Place, canvas: Canvas): Gesture;
}
