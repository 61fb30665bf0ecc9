/**
 * Who may talk to the server: pages that it served itself, on this machine. Every request, the event stream included,
 * carries the token in its path; the Host must be this machine's name for itself, which stops a foreign name that was made
 * to point here (DNS rebinding); another page's requests are known by their Origin and `Sec-Fetch-Site`.
 */

import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";

export interface GuardOptions {
  readonly token: string;
  /** Host names beside this machine's own, e.g. of a notebook server that hands requests on. */
  readonly allowedHosts: readonly string[];
}

/** Refuses what is not ours before any route sees it, and puts the headers on every answer. */
export function guard({ token, allowedHosts }: GuardOptions): MiddlewareHandler {
  const headers = headersFor(allowedHosts);
  return async (context, next) => {
    const { req } = context;
    const refused = (why: string): Response => withHeaders(context.json({ error: why }, 403), headers);
    const host = req.header("host");
    if (!isAllowedHost(host, allowedHosts))
      return refused("this host name is not known here; --allow-host NAME permits the name of a proxy");
    const origin = req.header("origin");
    if (origin !== undefined && !isOwnOrigin(origin, host, allowedHosts)) return refused("another page's request");
    const site = req.header("sec-fetch-site");
    const isPage = req.method === "GET" && req.header("sec-fetch-mode") === "navigate";
    if (site !== undefined && site !== "same-origin" && site !== "none" && !isPage)
      return refused("another page's request");
    const given = req.path.split("/")[1] ?? "";
    if (!isEqual(given, token)) return refused("the token in the address is missing or wrong");
    const writes = req.method !== "GET" && req.method !== "HEAD";
    // A form of another page can send anything but this.
    if (writes && req.header("x-annotate") !== "1") return refused("a request without the page's own header");
    await next();
    withHeaders(context.res, headers);
    return undefined;
  };
}

/** An answer's own headers stay. */
function withHeaders(answer: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) if (!answer.headers.has(name)) answer.headers.set(name, value);
  return answer;
}

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;

function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined) return false;
  return LOOPBACK.test(host.toLowerCase()) || allowed.includes(host.toLowerCase().replace(/:\d{1,5}$/, ""));
}

/** The host that was asked; or a proxy's, which need not hand on the name by which it is reached. */
function isOwnOrigin(origin: string, host: string | undefined, allowed: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false; // "null", as sandboxed pages and files send it
  const url = new URL(origin);
  return url.host === host?.toLowerCase() || allowed.includes(url.hostname);
}

function isEqual(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function headersFor(allowedHosts: readonly string[]): Record<string, string> {
  // A notebook on this machine shows the page in an output cell.
  const frames = [
    "'self'",
    "http://localhost:*",
    "http://127.0.0.1:*",
    ...allowedHosts.map((host) => `https://${host}`),
  ];
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' blob:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      `frame-ancestors ${frames.join(" ")}`,
    ].join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
  };
}
