/** PASCAL VOC 2012: the one file that knows its classes and colours. */

/**
 * The first `count` colours of VOC's palette: bit 3k, 3k + 1, 3k + 2 of the index become bit 7 − k of red, green, blue.
 */
export function vocPalette(count: number): (readonly [red: number, green: number, blue: number])[] {
  return Array.from({ length: count }, (_, index) => {
    const channel = (first: number): number => {
      let value = 0;
      for (let k = 0; k < 8; k++) value |= ((index >> (3 * k + first)) & 1) << (7 - k);
      return value;
    };
    return [channel(0), channel(1), channel(2)];
  });
}

const classes: readonly string[] = [
  "background",
  "aeroplane",
  "bicycle",
  "bird",
  "boat",
  "bottle",
  "bus",
  "car",
  "cat",
  "chair",
  "cow",
  "diningtable",
  "dog",
  "horse",
  "motorbike",
  "person",
  "pottedplant",
  "sheep",
  "sofa",
  "train",
  "tvmonitor",
];

/** A `DatasetDescription`. */
export const VOC: {
  classes: readonly string[];
  palette: (readonly [red: number, green: number, blue: number])[];
  ignore: number;
  aliases: Record<string, string>;
} = {
  classes,
  palette: vocPalette(256),
  ignore: 255,
  // ScribbleSup's own words for VOC's classes
  aliases: {
    plane: "aeroplane",
    bike: "bicycle",
    table: "diningtable",
    mbike: "motorbike",
    plant: "pottedplant",
    monitor: "tvmonitor",
  },
};
