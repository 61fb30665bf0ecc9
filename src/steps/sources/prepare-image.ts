/**
 * Everything of one image that is read from disk before its graph is built: photograph, weak label, seed label, class
 * activation maps. What is missing or unusable is named here, before any time is spent on the image.
 */

import path from "node:path";
import type { Supervision } from "../../config/label-photograph";
import type { ResolvedConfig, ResolvedRun } from "../../config/pseudo-label-presets";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import type { Inputs } from "../../data/file-hash";
import { findAnnotations } from "../../data/find-annotations";
import { readFittedLabel } from "../../data/fitted-label";
import { findImage, type RgbImage, readRgb } from "../../data/image";
import type { LabelMap } from "../../data/label-png";
import { annotatedIn } from "../../data/orientation";
import type { Sharpener } from "../../dense-crf/sharpen";
import { UserError } from "../../errors";
import type { InstanceMark } from "../../instances/instance-mark";
import { objectMarks } from "../../instances/mark-sources";
import { confidentSeed } from "../../label-photograph/confident-seed";
import type { PreparedImage } from "../../label-photograph/label-probabilities";
import { checkMemory, classCount } from "../../label-photograph/memory";
import { cutsOf, supervisionOf, type WeakSeed, weakSeed } from "../../label-photograph/weak-seed";
import { readCams } from "../../seam/cam-dictionary";
import { mapsOf } from "./class-maps";
import { openLabelHashes } from "./input-hashes";
import { FOUND, OTHERS_COUNT } from "./shape-readers";
import { openWeakLabels, type WeakLabelKind, type WeakLabelSource, type WeakLabelsOfImage } from "./weak-label-source";

/** An image that is ready to be labelled, and how. */
export interface ListedImage extends PreparedImage {
  readonly config: ResolvedConfig;
  /** With `instances`. */
  readonly marks?: readonly InstanceMark[];
  /** The same, with a seed label from a file: it knows more than the marks do, as GrabCut's does. */
  readonly objectSeed?: LabelMap;
}

export interface ImageSource {
  /** The formats of weak labels that are read, and what does not fit the photographs. */
  readonly notices: readonly string[];
  /** How many of these images each format has something for; undefined where only one kind is asked for. */
  survey(ids: readonly string[]): Promise<string | undefined>;
  /** @throws UserError "input" for an image that cannot be labelled */
  prepare(id: string, notice: (message: string) => void): Promise<ListedImage>;
  /** Of all that an image's label is made of. */
  hashesOf(id: string): Promise<Inputs>;
}

/**
 * @param sharpener makes confident labels of class activation maps, where an image has nothing else
 * @param say what holds for all images of a kind, when the first of them comes
 * @throws UserError where a source as a whole is unusable
 */
export async function openImageSource(
  run: ResolvedRun,
  dataset: DatasetDescription,
  sharpener: Sharpener,
  say: (message: string) => void = () => undefined,
): Promise<ImageSource> {
  const { config } = run;
  const { supervision, seedLabelRoot, camDir, voc12Root } = config;
  const isMixed = supervision === "mixed";
  if (config.instances && supervision === "image")
    throw new UserError("usage", "--instances needs boxes, clicks or strokes: image tags name no objects");
  const places = { ...config, ...(await vocBoxes(config)) };
  const open = (kind: typeof supervision): Promise<WeakLabelSource> =>
    openWeakLabels({ ...(kind === "box" ? places : config), supervision: kind, mayLack: true }, dataset);
  const isRead = seedLabelRoot === undefined || isMixed || supervision === "box" || config.instances;
  const weakLabels = await open(isRead ? supervision : "image");
  const boxLabels = !isMixed && supervision !== "box" && config.multiPoint ? await open("box") : undefined;
  const hashes = await openLabelHashes(config);
  const told = new Set<string>(run.notices);
  const sayOnce = (message: string): void => {
    if (!told.has(message)) say(message);
    told.add(message);
  };
  let others: Promise<WeakLabelSource> | undefined;

  /** Why an image has no label of the one kind asked for, and what to do. */
  const lacks = async (id: string, image: RgbImage, kind: WeakLabelKind): Promise<UserError> => {
    others ??= open("mixed");
    const weak = await others.then((source) => source.labelsOf(id, image)).catch(() => undefined);
    const found = weak === undefined ? "" : describeLabels(weak);
    const cure =
      found !== ""
        ? `; it has ${found}: --supervision mixed labels it from them`
        : kind === "box"
          ? "; --without-boxes background takes such images as background"
          : "";
    return new UserError(
      "input",
      `${await (kind === "box" ? (boxLabels ?? weakLabels) : weakLabels).lacking(id, kind)}${cure}`,
    );
  };

  return {
    notices: weakLabels.notices.filter((each) => !isMixed || !each.startsWith(FOUND)), // the survey says it
    survey: async (ids) => (isMixed ? weakLabels.survey(ids) : undefined),
    async prepare(id, notice) {
      const image = annotatedIn(await readRgb(await findImage(voc12Root, id)), config.annotationFrame);
      const { notices: ofLabels, ...weak } = await weakLabels.labelsOf(id, image);
      const maps = camDir === undefined ? undefined : path.join(camDir, `${id}.npy`);
      const hasMaps = maps !== undefined && (!isMixed || (await fileExists(maps)));
      const seed = await seedLabelOf(id, image);
      const given = { boxes: weak.boxes, clicks: weak.points, strokes: strokesOf(weak, image), seed };
      const kind = isMixed ? mixedKind(id, given, hasMaps) : supervision;
      const { config: own, notices: settled } = run.configOf(kind, hasMaps);
      settled.forEach(sayOnce);
      for (const message of [...(image.notices ?? []), ...ofLabels])
        (message.includes(OTHERS_COUNT) ? sayOnce : notice)(message);
      const named = [...weak.boxes, ...weak.points].map((each) => each.class);
      const classes = [...named, ...new Set(weak.strokes ?? []), ...new Set(seed?.data ?? [])];
      checkMemory(image, classCount(own.features, classes, dataset.classes.length), own);
      const boxes = await boxesOf(id, image, weak, own, notice);
      if (seed === undefined && kind === "point" && weak.points.length === 0) throw await lacks(id, image, "point");
      if (seed === undefined && kind === "scribble" && weak.strokes === undefined)
        throw await lacks(id, image, "scribble");
      const labels = !isMixed && seed !== undefined ? { seed, boxes: [], clicks: [] } : given;
      const made = await seedOf(id, labels, kind, image, own);
      for (const message of made.notices) notice(message);
      const marks = own.instances ? objectMarks(given, image, dataset.ignore, `clicks of image "${id}"`) : undefined;
      if (isMixed && marks?.length === 0 && boxes.length === 0)
        notice("no objects: neither boxes nor clicks nor strokes tell them apart");
      const walks = own.rw && maps !== undefined;
      return {
        image,
        seed: made.label,
        drawn: made.drawn,
        boxes,
        config: own,
        ...(walks ? { maps: await mapsOf(maps, dataset, image, made.label) } : {}),
        ...(marks === undefined ? {} : { marks }),
        ...(marks !== undefined && seed !== undefined ? { objectSeed: made.label } : {}),
      };
    },
    hashesOf: async (id) => ({
      ...(await hashes(id)),
      ...(await weakLabels.hashesOf(id)),
      ...(boxLabels === undefined ? {} : { boxes: (await boxLabels.hashesOf(id)).shapes }),
    }),
  };

  function strokesOf(
    { strokes }: Pick<WeakLabelsOfImage, "strokes">,
    { width, height }: RgbImage,
  ): LabelMap | undefined {
    return strokes === undefined ? undefined : { width, height, data: strokes };
  }

  /** With mixed supervision a seed label is one label more, which an image may lack. */
  async function seedLabelOf(id: string, image: RgbImage): Promise<LabelMap | undefined> {
    if (seedLabelRoot === undefined) return undefined;
    const file = path.join(seedLabelRoot, `${id}.png`);
    if (isMixed && !(await fileExists(file))) return undefined;
    return readFittedLabel(file, image, dataset, "seed label");
  }

  function mixedKind(id: string, given: Parameters<typeof supervisionOf>[0], hasMaps: boolean): Supervision {
    const kind = supervisionOf({ ...given, ...(hasMaps ? { maps: true } : {}) });
    if (kind !== undefined) return kind;
    if (config.withoutBoxes === "background") return "box";
    throw new UserError(
      "input",
      `no weak label: neither boxes nor strokes nor clicks of "${id}" were found; --without-boxes background takes such images as background`,
    );
  }

  async function boxesOf(
    id: string,
    image: RgbImage,
    weak: Omit<WeakLabelsOfImage, "notices">,
    own: ResolvedConfig,
    notice: (message: string) => void,
  ): Promise<ListedImage["boxes"]> {
    if (own.supervision !== "box" && !own.multiPoint) return [];
    const read = boxLabels === undefined ? weak : await boxLabels.labelsOf(id, image);
    if (boxLabels !== undefined) for (const message of (read as WeakLabelsOfImage).notices) notice(message);
    if (read.boxes.length > 0 || (isMixed && own.supervision !== "box")) return read.boxes;
    if (own.withoutBoxes === "fail") throw await lacks(id, image, "box");
    notice("no boxes: no MP loss, and without a seed label all background");
    return [];
  }

  async function seedOf(
    id: string,
    labels: Parameters<typeof weakSeed>[0],
    kind: Supervision,
    image: RgbImage,
    own: ResolvedConfig,
  ): Promise<WeakSeed> {
    if (kind === "image" && labels.seed === undefined && camDir !== undefined) {
      const cams = await readCams(path.join(camDir, `${id}.npy`), dataset, image);
      const { width, height } = image;
      const data = await confidentSeed(cams, image, dataset, sharpener);
      return weakSeed({ ...labels, seed: { width, height, data } }, image, dataset, own);
    }
    return weakSeed(labels, image, dataset, own, await cutsOf(labels, image, dataset, own, own.crfThreads));
  }
}

// --- internal ---

/** Boxes alone are read where VOC keeps them, if it does: other formats beside them are for mixed supervision. */
async function vocBoxes(config: ResolvedRun["config"]): Promise<{ readonly boxXmlPath?: string }> {
  const { boxXmlPath, coco, yolo, labelme, cvat, labelStudio, voc12Root } = config;
  if ([boxXmlPath, coco, yolo, labelme, cvat, labelStudio].some((place) => place !== undefined)) return {};
  const found = (await findAnnotations(voc12Root)).find(({ format }) => format === "voc");
  return found === undefined ? {} : { boxXmlPath: found.path };
}

/** `2 clicks and strokes`. */
function describeLabels({ boxes, points, strokes }: WeakLabelsOfImage): string {
  const count = (many: number, one: string, several: string): string[] =>
    many === 0 ? [] : [`${many} ${many === 1 ? one : several}`];
  const parts = [
    ...count(boxes.length, "box", "boxes"),
    ...count(points.length, "click", "clicks"),
    ...(strokes === undefined ? [] : ["strokes"]),
  ];
  return parts.join(" and ");
}
