/** Requests to the server and its events. Every address is relative, so that the page works behind any proxy. */

import type {
  BatchProgress,
  ClassEntry,
  ErrorAnswer,
  ExportAnswer,
  ExportFormat,
  FolderDocument,
  ImportAnswer,
  LearnProgress,
  PhotographDocument,
  PhotographEntry,
  SaveClassesRequest,
  SaveShapesAnswer,
  SaveShapesRequest,
  ServerEvent,
  Shapes,
} from "../../src/annotate/protocol";

/** A request that the server refused; 0 where it could not be reached. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const server = {
  folder: (): Promise<FolderDocument> => json("GET", "folder"),
  /** @param next the photograph that will probably be opened after it */
  document: (id: string, next?: string): Promise<PhotographDocument> =>
    json("GET", `photographs/${id}${next === undefined ? "" : `?next=${next}`}`),
  save(id: string, base: string, shapes: Shapes): Promise<SaveShapesAnswer> {
    const body: SaveShapesRequest = { base, shapes };
    return json("PUT", `photographs/${id}/shapes`, body);
  },
  saveClasses(base: string, classes: readonly ClassEntry[]): Promise<FolderDocument> {
    const body: SaveClassesRequest = { base, classes };
    return json("PUT", "classes", body);
  },
  relabel: (id: string): Promise<object> => json("POST", `photographs/${id}/label`, {}),
  drawing: (id: string): Promise<object> => json("POST", `photographs/${id}/drawing`, {}),
  setChecked: (id: string, checked: boolean): Promise<PhotographEntry> =>
    json("PUT", `photographs/${id}/checked`, { checked }),
  replaceForeign: (id: string): Promise<object> => json("POST", `photographs/${id}/replace`, {}),
  startBatch: (): Promise<BatchProgress> => json("POST", "batch", {}),
  stopBatch: (): Promise<BatchProgress> => json("DELETE", "batch", {}),
  learn: (budget: string | undefined): Promise<LearnProgress> => json("POST", "learn", { budget }),
  stopLearning: (): Promise<LearnProgress> => json("DELETE", "learn", {}),
  exportAddress: (format: ExportFormat): string => `export/${format}`,
  exportFolder: (format: ExportFormat): Promise<ExportAnswer> => json("POST", `export/${format}`, {}),
  async importFiles(files: readonly File[]): Promise<ImportAnswer> {
    const body = new FormData();
    for (const file of files) body.append("file", file);
    return (await (await ask("POST", "import", body)).json()) as ImportAnswer;
  },
  /** One byte a pixel. */
  async pixels(id: string, what: "label" | "strokes"): Promise<Uint8Array> {
    const answer = await ask("GET", `photographs/${id}/${what}`);
    return new Uint8Array(await answer.arrayBuffer());
  },
  async bitmap(id: string): Promise<ImageBitmap> {
    const answer = await ask("GET", `photographs/${id}/image`);
    return createImageBitmap(await answer.blob());
  },
  thumbnail: (id: string): string => `photographs/${id}/thumbnail`,
};

export interface EventListener {
  event(event: ServerEvent): void;
  connected(): void;
  lost(): void;
}

/** The browser connects again by itself; what happened meanwhile is asked for by `connected`. */
export function listen({ event, connected, lost }: EventListener): void {
  const source = new EventSource("events");
  source.onopen = () => connected();
  source.onerror = () => lost();
  source.onmessage = ({ data }) => event(JSON.parse(data as string) as ServerEvent);
}

async function json<T>(method: string, address: string, body?: unknown): Promise<T> {
  return (await (await ask(method, address, body)).json()) as T;
}

async function ask(method: string, address: string, body?: unknown): Promise<Response> {
  let answer: Response;
  try {
    const isForm = body instanceof FormData;
    answer = await fetch(address, {
      method,
      headers: { "X-Annotate": "1", ...(body === undefined || isForm ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, "the server cannot be reached");
  }
  if (answer.ok) return answer;
  const { error } = (await answer.json().catch(() => ({ error: answer.statusText }))) as ErrorAnswer;
  throw new Refused(answer.status, error);
}
