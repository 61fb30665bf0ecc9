/**
 * What notebook cells use beside the library: pictures, charts, tables, progress. Imported as "../dist/show" in a
 * clone's notebooks, as "a2gnn/notebook" from the installed package; the library itself never imports it.
 */

// --- drawing on photographs ---
export { annotate, type NotebookAnnotateOptions } from "./annotate";
// --- charts ---
export type { BarChart, Chart, HeatChart, LineChart } from "./chart";
export { chartSvg } from "./chart-svg";
// --- what reaches the notebook ---
export { hasKernel, livePlace, type MimeBundle, type Shown, type ShowOptions, show } from "./display";
export { heatColour } from "./heat-scale";
// --- pictures ---
export { instancePicture } from "./instance-overlay";
export { type LegendEntry, legendOf } from "./legend";
export { overlayPicture } from "./overlay";
export { type Captioned, type GridOptions, pictureGrid, showPictures } from "./picture-grid";
export {
  boxPicture,
  camPicture,
  cellPicture,
  type HeatOptions,
  heatOverPicture,
  heatPicture,
  labelPicture,
  type MarkedCell,
  pointPicture,
  segmentPicture,
} from "./pictures";
export { type PlotlyFigure, plotlyFigure } from "./plotly-figure";
// --- progress ---
export { type LiveChart, liveChart, notebookReporter } from "./progress";
export { chartBundle, chartPng, showChart } from "./show-chart";
// --- tables ---
export {
  type Cell,
  type DataFrameLike,
  fromDataFrame,
  type Row,
  showTable,
  type TableOptions,
  tableHtml,
  tableMarkdown,
  toDataFrame,
} from "./table";
export { borderMap, windowAround } from "./window-map";
