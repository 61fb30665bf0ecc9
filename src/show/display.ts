/**
 * How a picture or chart reaches the notebook: a bundle of the same thing in several formats, of which the viewer draws
 * the richest it knows (JupyterLab the interactive chart, a code-hosting page the picture). Under tslab the bundle is sent at
 * once; other TypeScript kernels (Deno's) draw the returned value, by the `Jupyter.display` symbol.
 */

import { randomUUID } from "node:crypto";

/** MIME type → text, bytes, or plain JSON. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** What the last line of a cell may return: nothing where the kernel has drawn already. */
export type Shown = object | undefined;

export interface ShowOptions {
  /** Pixels that a picture is drawn wide, whatever it has. */
  readonly width?: number;
}

/** Draws a bundle below the cell. */
export function show(bundle: MimeBundle, options: ShowOptions = {}): Shown {
  const send = tslabChannel();
  if (send === undefined) return displayable(bundle);
  send({ data: encoded(bundle), metadata: metadataOf(options), transient: {} }, false);
  return undefined;
}

/** A place below the cell whose contents can be replaced; each call draws over the last. */
export function livePlace(): (bundle: MimeBundle, options?: ShowOptions) => void {
  const id = randomUUID();
  let drawn = false;
  return (bundle, options = {}) => {
    tslabChannel()?.({ data: encoded(bundle), metadata: metadataOf(options), transient: { display_id: id } }, drawn);
    drawn = true;
  };
}

/** True inside a tslab kernel. */
export function hasKernel(): boolean {
  return tslabChannel() !== undefined;
}

// --- internal ---

interface DisplayData {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: object;
  readonly transient: { readonly display_id?: string };
}

type Channel = (data: DisplayData, update: boolean) => void;

/**
 * tslab's own `display` sends one format a call; its kernel module, of the copy that runs this very process, sends bundles.
 */
function tslabChannel(): Channel | undefined {
  const kernel = Object.entries(require.cache).find(([file]) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file))?.[1];
  return (kernel?.exports as { lastWriteDisplayData?: Channel } | undefined)?.lastWriteDisplayData ?? undefined;
}

function metadataOf({ width }: ShowOptions): object {
  return width === undefined ? {} : { "image/png": { width }, "image/jpeg": { width } };
}

function displayable(bundle: MimeBundle): object {
  return { [Symbol.for("Jupyter.display")]: () => encoded(bundle) };
}

/** Bytes as base64, as the Jupyter protocol wants them. */
function encoded(bundle: MimeBundle): Record<string, unknown> {
  const entries = Object.entries(bundle).map(([type, value]): [string, unknown] => [
    type,
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  ]);
  return Object.fromEntries(entries);
}
