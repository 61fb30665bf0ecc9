/** Instance labels turned into the frame that a photograph's file is stored in, for tools that ignore EXIF's orientation. */

import type { ImageSize } from "../data/dataset";
import { storedBox, storedRaster, storedSize } from "../data/orientation";
import type { InstanceLabels } from "./instance-labels";
import type { InstanceMark } from "./instance-mark";
import { encodeOwners, maskBox } from "./rle";

export interface TurnedInstances {
  readonly found: InstanceLabels;
  readonly marks: readonly InstanceMark[];
  readonly size: ImageSize;
}

/** @param image the displayed size, and how the file is turned */
export function storedInstances(
  { owners, instances }: InstanceLabels,
  marks: readonly InstanceMark[],
  image: ImageSize,
): TurnedInstances {
  const size = storedSize(image);
  const turned = Int32Array.from(storedRaster(Float32Array.from(owners), image)); // at most 2^24 objects: exact
  const masks = encodeOwners(turned, instances.length, size);
  return {
    found: {
      owners: turned,
      instances: instances.map((each, i) => ({ ...each, mask: masks[i], box: maskBox(masks[i]) })),
    },
    marks: marks.map(({ class: foreground, box }) =>
      box === undefined ? { class: foreground } : { class: foreground, box: storedBox(box, image) },
    ),
    size,
  };
}
