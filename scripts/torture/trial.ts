/** What the kinds of torture have in common. */

export interface TrialOptions {
  /** Time of day in milliseconds at which to stop; each kind tries everything once at least. */
  readonly until: number;
  readonly seed: number;
  /** Folder for files and results that failed. */
  readonly keep: string;
}

export interface Trial {
  readonly what: string;
  readonly tried: number;
  /** Of files: refused by name. */
  readonly refused?: number;
  /** Of files: read as if nothing had happened. */
  readonly read?: number;
  /** What was kept of each failure, and what it was. */
  readonly failures: readonly string[];
}
