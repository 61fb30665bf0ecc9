/** A dry run says what would be done: while one is on, nothing is written, whoever asks. */

let isOn = false;

/** For the rest of the process. */
export function beginDryRun(): void {
  isOn = true;
}

export function isDryRun(): boolean {
  return isOn;
}
