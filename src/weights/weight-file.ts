/** The common interface of all weight formats. */

import type { NdArray } from "../nd-array";

/** An open file of parameters. Values are read from the disk one parameter at a time; its opener closes it. */
export interface WeightFile {
  readonly format: "pth" | "params" | "safetensors" | "pkl";
  /** The file's name, for messages. */
  readonly where: string;
  /** Parameter names as in the reference's state_dict, in the file's order. */
  names(): string[];
  /** @throws UserError "weights" for a name that is not in the file */
  shape(name: string): readonly number[];
  /** Half floats come as float32, booleans as 0 and 1, 64-bit integers as int32 where they fit, else as float64. */
  read(name: string): Promise<NdArray>;
  close(): Promise<void>;
}
