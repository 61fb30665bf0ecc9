/** Options of `annotate`; the folder itself is the one word without dashes. */

import type { OptionTable } from "./option";

export interface AnnotateConfig {
  readonly folder: string;
  readonly port: number;
  readonly open: boolean;
  readonly list?: string;
  readonly classes?: readonly string[];
  readonly allowHost?: readonly string[];
}

export const annotateOptions: OptionTable<AnnotateConfig> = {
  folder: {
    kind: "path",
    affects: "place",
    required: true,
    aliases: ["voc12-root", "root"],
    help: "folder of photographs, plain or in VOC layout; the word after the step's name will do",
  },
  port: {
    kind: "integer",
    affects: "place",
    default: 0,
    min: 0,
    max: 65535,
    help: "port on this machine; 0: one that is free",
  },
  open: {
    kind: "boolean",
    affects: "place",
    default: true,
    help: "open the page in a browser; --no-open only prints its address",
  },
  list: {
    kind: "text",
    affects: "place",
    aliases: ["infer-list"],
    help: "image list: a path, or a name in ImageSets/Segmentation [default: every photograph of the folder]",
  },
  classes: {
    kind: "texts",
    affects: "place",
    help: "names of your classes, without the background, for a folder that has no dataset.json yet: one is written [default: PASCAL VOC's]",
  },
  allowHost: {
    kind: "texts",
    affects: "place",
    help: "host names by which a proxy on this machine is reached, e.g. a notebook server's",
  },
};
