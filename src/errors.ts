/** Errors that a user can act on. Everything else that is thrown is a bug of ours and keeps its stack. */

import { withoutControls } from "./shown-text";

/** What kind of thing was wrong; the command line turns `usage` into exit code 2 and the rest into 1. */
export type ErrorCode = "usage" | "input" | "weights" | "environment" | "output";

/** An error whose message alone tells the user what to do: printed without a stack. */
export class UserError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(withoutControls(message), options); // names in it come from files
    this.name = "UserError";
    this.code = code;
  }
}

/**
 * The one form of our messages: what was expected, what came, where.
 * @example throw expected("input", "a seed label of 500×375 pixels", "480×360", 'seed label of image "2007_000032"')
 */
export function expected(code: ErrorCode, wanted: string, got: string, where: string): UserError {
  return new UserError(code, `expected ${wanted}, got ${got} (${where})`);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
