/** The page of `annotate` below a notebook's cell; the kernel's process is its server. */

import { type AnnotateServer, type AnnotateServerOptions, startAnnotateServer } from "../annotate/server";
import { show } from "./display";

export interface NotebookAnnotateOptions extends AnnotateServerOptions {
  /** Pixels. */
  readonly height?: number;
  /**
   * Where a browser reaches ports of the kernel's machine, ending in a slash. Default: jupyter-server-proxy's address on a
   * JupyterHub, else this machine itself.
   */
  readonly proxy?: string;
}

/**
 * Starts the page and shows it. Drawn shapes and labels are in the folder's files at once, for the cells that follow.
 * @returns the server; `close()` ends it, and so does the kernel's end
 * @throws UserError "input" for a folder without photographs
 */
export async function annotate(folder: string, options: NotebookAnnotateOptions = {}): Promise<AnnotateServer> {
  const { height = 760, proxy = hubProxy(), ...rest } = options;
  const server = await startAnnotateServer(folder, rest);
  const { pathname } = new URL(server.address);
  const address = proxy === undefined ? server.address : `${proxy}${server.port}${pathname}`;
  const page = escaped(address);
  show({
    "text/html": `<iframe src="${page}" width="100%" height="${height}" title="Annotate" style="border:0"></iframe><a href="${page}" target="_blank" rel="noreferrer">Open the page in a tab of its own</a>`,
    "text/plain": address,
  });
  return server;
}

function hubProxy(): string | undefined {
  const prefix = process.env.JUPYTERHUB_SERVICE_PREFIX;
  return prefix === undefined ? undefined : `${prefix}proxy/`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
