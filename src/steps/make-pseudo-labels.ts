/**
 * `make-pseudo-labels`: from a photograph and its weak label to a label of every pixel (docs/method.md, section 3;
 * reference train_infer_A2GNN_box.py and _others.py). Per image: seed label and graph, a graph network trained from
 * scratch on them, its probabilities at the image's size, the random walk of CAMs where there are any, the dense CRF.
 *
 * The next image is read and the last one sharpened in other threads while the network trains. Nothing depends on the
 * order or the company of images: random numbers come from the seed and the image's name alone.
 */

import path from "node:path";
import { featuresOfWeights } from "../affinity/open-affinity-net";
import { backendInUse } from "../backend";
import type { FeatureKind } from "../config/label-photograph";
import { ignoredFlags, type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "../config/make-pseudo-labels";
import { touching } from "../config/option";
import { type ResolvedConfig, type ResolvedRun, resolveRun } from "../config/pseudo-label-presets";
import type { DatasetDescription } from "../data/dataset";
import { findImage, readRgb, readSize } from "../data/image";
import { openSharpener } from "../dense-crf/sharpen";
import type { ImageGraph } from "../graph/image-graph";
import { costOf } from "../label-photograph/cost";
import { finishLabelAlone } from "../label-photograph/finish-label";
import { type GraphSources, openGraphSources } from "../label-photograph/graph-source";
import { fitImage } from "../label-photograph/label-image";
import { labelProbabilities, type UnsharpenedLabel } from "../label-photograph/label-probabilities";
import { collectNotices, silentReporter } from "../running/reporter";
import { LABEL_BYTES } from "../running/result-bytes";
import type { Cost, Step, StepContext, Summary } from "../running/step";
import { describeSummary } from "../running/summary-text";
import { findBackbone } from "../setup/backbone";
import { type ImageLoop, runImageLoop } from "./loop/image-loop";
import { openImages } from "./loop/open-images";
import { whileClaimed } from "./outputs/claimed-places";
import { type FitStore, openFitStore } from "./outputs/fit-store";
import { type InstancesWritten, instancePlaces } from "./outputs/instance-label-output";
import { type LabelOrigin, type ObjectsOfImage, openLabelOutput, outputPlaces } from "./outputs/label-output";
import { checkPlaces } from "./outputs/output-places";
import { recordRun } from "./outputs/run-record";
import { settingsOf } from "./outputs/settings-file";
import { type ListedImage, openImageSource } from "./sources/prepare-image";

export interface MakePseudoLabelsSummary extends Summary {
  readonly split: string;
  readonly supervision: string;
  /** What the graph was built from: weight file, or handcrafted. */
  readonly features: string;
  readonly savePath: string;
  /** Images that a stop left undone. */
  readonly left: number;
  /** With `instances`. */
  readonly instances?: InstancesWritten;
}

export const makePseudoLabels: Step<MakePseudoLabelsConfig, MakePseudoLabelsSummary> = {
  name: "make-pseudo-labels",
  about: "label every pixel of every image from boxes, scribbles, points, or image tags",
  options: makePseudoLabelsOptions,
  ignored: ignoredFlags,
  positional: "voc12Root",
  examples: [
    "a2gnn make-pseudo-labels my-photographs --save-path labels --overlay overlays",
    "a2gnn make-pseudo-labels my-photographs --coco annotations.json --export coco,yolo-seg",
    "a2gnn make-pseudo-labels --voc12_root VOC2012 --BoxXmlpath VOC2012/Annotations --weights aff_box.pth --save_path out/box_pred --seed_label_root Init_Label/SEAM_Box",
    "a2gnn make-pseudo-labels --rw False --voc12_root VOC2012 --weights aff_scribble.pth --save_path out/scribble_pred --seed_label_root Init_Label/Scribble_SuperPixel",
    "a2gnn make-pseudo-labels --rw True --voc12_root VOC2012 --weights aff_point.pth --save_path out/point_pred --seed_label_root Init_Label/SEAM_Point --cam_dir cam",
  ],
  canPlan: true,
  everyday: [
    "savePath",
    "inferList",
    "overlay",
    "supervision",
    "labelme",
    "coco",
    "yolo",
    "grabCut",
    "features",
    "weights",
    "seedLabelRoot",
    "camDir",
    "export",
    "instances",
    "only",
    "dryRun",
  ],
  bytes: LABEL_BYTES,
  needsBackend: true,
  run,
  describe: (summary) => [describeSummary(summary), ...instanceLines(summary)].join("\n"),
};

/** Which objects a person should look at first. */
function instanceLines({ instances }: MakePseudoLabelsSummary): string[] {
  if (instances === undefined) return [];
  const { file, worst, filled } = instances;
  const lost = filled > 0 ? `, ${filled} of them lost by the class label and filled from their boxes` : "";
  return [
    `${instances.instances} objects in ${file}${lost}`,
    ...(worst.length === 0 ? [] : ["the least sure:"]),
    ...worst.slice(0, LEAST_SURE).map(({ image, class: name, score }) => `  ${image}: ${name} ${score.toFixed(2)}`),
  ];
}

/** Images side by side on a card, unless told otherwise. */
const CARD_IN_FLIGHT = 2;

/** Objects that are named on the screen; `--json` names more. */
const LEAST_SURE = 5;

/** What a label depends on, and its objects. Whether images without boxes are labelled changes neither. */
function settingsOfLabels(labelling: ResolvedRun): Pick<LabelOrigin, "settings" | "objectSettings"> {
  const own = { ...labelling.config, features: featuresOf(labelling) };
  const { withoutBoxes, instances, instanceFormats, ...objectSettings } = settingsOf<object>(
    own,
    makePseudoLabelsOptions,
  );
  const { instanceRule, instanceLeastShare, instancePolygons, ...settings } = objectSettings;
  return { settings, objectSettings };
}

interface Computed extends UnsharpenedLabel {
  readonly config: ResolvedConfig;
  /** With `instances`. */
  readonly objects?: Omit<ObjectsOfImage, "probabilities">;
}

async function run(
  given: Partial<MakePseudoLabelsConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<MakePseudoLabelsSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const features = given.features ?? (await featuresOfWeights(given.weights));
  const labelling = resolveRun({ ...given, features }, findBackbone() !== undefined);
  const { config } = labelling;
  const { dataset, list, ids, shard } = await openImages(config, given);
  for (const message of [...labelling.notices, ...list.notices]) notice(message);
  const places = outputPlaces(config);
  const all = config.instances ? [...places, ...instancePlaces(config)] : places;
  await checkPlaces(all, config, makePseudoLabelsOptions, ["fits"]);
  const settings = touching<MakePseudoLabelsConfig>(config, makePseudoLabelsOptions, ["fit", "label"]);
  const { voc12Root } = config;
  return whileClaimed(places, { step: makePseudoLabels.name, voc12Root, ...settings }, async () => {
    // While the only photograph is sharpened, nothing else computes.
    const spare = ids.length === 1 && Math.max(config.crfThreads, backendInUse()?.threads ?? 1) > 1;
    const sharpener = openSharpener(config.crfThreads, spare ? 2 : 1);
    const graphs = openGraphSources();
    try {
      const images = await openImageSource(labelling, dataset, sharpener, notice);
      for (const message of images.notices) notice(message);
      const surveyed = await images.survey(ids);
      if (surveyed !== undefined) notice(surveyed);
      const source: LabelOrigin = {
        ...settingsOfLabels(labelling),
        inputsOf: images.hashesOf,
        readImage: async (id) => readRgb(await findImage(voc12Root, id)),
      };
      const output = await openLabelOutput(config, dataset, settings, source, notice);
      const fits = fitStores();
      // Unusable weights and folders stop a run before its first image.
      if (config.supervision !== "mixed" || config.weights !== undefined)
        await graphs.sourceOf(configsOf(labelling)[0]);
      await fits(configsOf(labelling)[0]);
      const lastNotices = async (): Promise<string[]> => {
        const exported = context.plan === undefined ? await output.exportAll(list.ids) : [];
        return [...exported, ...(await output.lastNotices())];
      };
      const loop: ImageLoop<ListedImage, Computed> = {
        ids,
        output: { ...output, lastNotices },
        notice,
        costOf: (id) => costOfImage(id, configsOf(labelling)[0]),
        prepare: (id) => images.prepare(id, (message) => notice(`image "${id}": ${message}`)),
        compute: (id, image, say) => compute(id, image, graphs, fits, dataset, say),
        finish: async (id, { objects, config: own, ...unsharpened }) => {
          await output.writeProbabilities(id, unsharpened);
          const unsure = objects && { ...objects, probabilities: unsharpened.probabilities.slice() };
          const finished = await finishLabelAlone(unsharpened, own, sharpener);
          await output.write(id, (unsharpened.full ?? unsharpened).image, finished, unsure);
        },
        finishing: config.crfThreads,
        inFlight: config.inFlight ?? (backendInUse()?.usesGpu ? CARD_IN_FLIGHT : 1),
      };
      const result = await runImageLoop(loop, context);
      const instances = await output.mergeInstances(list.ids);
      const summary: MakePseudoLabelsSummary = {
        step: "make-pseudo-labels",
        split: list.split,
        supervision: config.supervision,
        features: (await graphs.descriptions()).join(", "),
        savePath: config.savePath,
        images: ids.length,
        ...result,
        seconds: (performance.now() - started) / 1000,
        notices,
        ...(instances === undefined ? {} : { instances }),
      };
      const weights = featuresOf(labelling).includes("cnn") ? config.weights : undefined;
      await recordRun(config.savePath, summary, { ...config }, weights, shard);
      return summary;
    } finally {
      await graphs.dispose();
      await sharpener.close();
    }
  });
}

/** For a plan; there is no estimate for graphs of a network, or of files. */
async function costOfImage(id: string, config: ResolvedConfig): Promise<Cost | undefined> {
  const { voc12Root, supervision, features } = config;
  const size = await readSize(await findImage(voc12Root, id));
  if (features === "imagenet" || features === "learned") return costOf(size, USUAL_CLASSES, "imagenet", config);
  if (features !== "handcrafted") return undefined;
  return costOf(size, USUAL_CLASSES, supervision === "image" ? "scribble" : supervision, config);
}

/** Classes of an image, the background among them, before its weak label is read. */
const USUAL_CLASSES = 3;

/** What the graphs of a run are built from: with mixed supervision that of boxes, and that of strokes and clicks. */
function featuresOf(labelling: ResolvedRun): string {
  return [...new Set(configsOf(labelling).map(({ features }) => features))].join(",");
}

/** The configurations that images of a run may have. @throws UserError "usage" */
function configsOf({ config, configOf }: ResolvedRun): ResolvedConfig[] {
  const kinds = config.supervision === "mixed" ? (["box", "scribble"] as const) : [config.supervision];
  return kinds.map((kind) => configOf(kind, config.camDir !== undefined).config);
}

type FitStores = (config: ResolvedConfig) => Promise<FitStore>;

/** Trained logits are kept under what their graph was built from. */
function fitStores(): FitStores {
  const stores = new Map<FeatureKind, Promise<FitStore>>();
  return (config) => {
    const store = stores.get(config.features) ?? openFitStore(config);
    stores.set(config.features, store);
    return store;
  };
}

/** Builds the graph, trains on it or takes what was trained before, infers. */
async function compute(
  id: string,
  prepared: ListedImage,
  graphs: GraphSources,
  fits: FitStores,
  dataset: DatasetDescription,
  say: (detail: string) => void,
): Promise<Computed> {
  const { config } = prepared;
  const total = config.epochs + config.crfEpochs;
  const told = (step: number, loss: number): void => say(`step ${step + 1}/${total}  loss ${loss.toFixed(3)}`);
  let graph: ImageGraph | undefined;
  let cell = 0;
  try {
    const source = await graphs.sourceOf(config);
    const store = await fits(config);
    const unsharpened = await labelProbabilities(prepared, config, dataset, {
      name: id,
      buildGraph: async (small) => {
        graph = await source.buildGraph(small, id);
        const { image } = prepared;
        cell = graph.stride * Math.max(image.width / small.width, image.height / small.height);
        return graph;
      },
      fit: ({ input, options }) =>
        store.fitLogits(id, input, options, async () => (await fitImage(input, options, told)).logits),
    });
    const { marks, objectSeed, drawn } = prepared;
    if (marks === undefined || graph === undefined) return { ...unsharpened, config };
    const objects: Computed["objects"] = {
      marks,
      graph: { affinity: graph.affinity, cell },
      fileName: path.basename(await findImage(config.voc12Root, id)),
      probabilitySize: unsharpened.image,
      ...(objectSeed === undefined ? {} : { seed: objectSeed }),
      ...(drawn === undefined ? {} : { isDrawn: drawn.data.map((value) => Number(value !== dataset.ignore)) }),
    };
    return { ...unsharpened, config, objects };
  } finally {
    graph?.dispose();
  }
}
