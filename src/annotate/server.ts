/** The server of `annotate`: one folder, one token, bound to this machine alone. */

import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { getRequestListener } from "@hono/node-server";
import { messageOf, UserError } from "../errors";
import { learnCommand } from "./learn-process";
import { createRoutes } from "./routes";
import { openSession, type Session, type SessionOptions } from "./session";
import { createWorkerProcess, type WorkerBackend, type WorkerProcess } from "./worker-process";

export interface AnnotateServerOptions extends SessionOptions {
  /** Default: one that is free. */
  readonly port?: number;
  readonly allowedHosts?: readonly string[];
  readonly backend?: WorkerBackend;
  /** Default: a new one, of 128 random bits. */
  readonly token?: string;
  /** Folder of the built page. Default: `dist/web`. */
  readonly page?: string;
  readonly worker?: WorkerProcess;
}

export interface AnnotateServer {
  /** With the token: whoever has it may draw. */
  readonly address: string;
  readonly port: number;
  readonly session: Session;
  close(): Promise<void>;
}

/** @throws UserError "input" for a folder without photographs, "environment" where the port is taken */
export async function startAnnotateServer(
  folder: string,
  options: AnnotateServerOptions = {},
): Promise<AnnotateServer> {
  const { token = randomBytes(16).toString("hex"), allowedHosts = [], page = builtPage() } = options;
  const worker = options.worker ?? createWorkerProcess(options.backend);
  const learn = options.learn ?? learnCommand(options.backend);
  const session = await openSession(folder, worker, { ...options, learn });
  const app = createRoutes(session, page, { token, allowedHosts: allowedHosts.map((host) => host.toLowerCase()) });
  const server = createServer(getRequestListener(app.fetch));
  const port = await listen(server, options.port ?? 0);
  worker.warm();
  return {
    address: `http://127.0.0.1:${port}/${token}/`,
    port,
    session,
    async close() {
      session.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Beside the build; from the sources (tests) the build's. */
function builtPage(): string {
  const isBuild = path.extname(__filename) === ".js";
  return isBuild ? path.join(__dirname, "..", "web") : path.join(__dirname, "..", "..", "dist", "web");
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new UserError("environment", `cannot listen on port ${port}: ${messageOf(error)}; --port takes another`)),
    );
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
