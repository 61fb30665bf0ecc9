import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import {
  boxPicture,
  type Chart,
  camPicture,
  cellPicture,
  chartBundle,
  chartPng,
  chartSvg,
  fromDataFrame,
  heatOverPicture,
  heatPicture,
  labelPicture,
  legendOf,
  notebookReporter,
  overlayPicture,
  pictureGrid,
  plotlyFigure,
  pointPicture,
  segmentPicture,
  show,
  showPictures,
  tableHtml,
  tableMarkdown,
  windowAround,
} from "../src/show";
import { ticks } from "../src/show/chart-parts";
import { fittedText, textOutline, textWidth } from "../src/show/lettering";

const dataset = {
  classes: ["background", "brick"],
  palette: [
    [0, 0, 0],
    [200, 10, 20],
  ],
  ignore: 255,
} as const;
const grey = (width: number, height: number) => ({ width, height, data: new Uint8Array(3 * width * height).fill(100) });
const pixel = ({ width, data }: { width: number; data: Uint8Array }, x: number, y: number) => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

const charts: readonly Chart[] = [
  {
    kind: "line",
    title: "a < b",
    xTitle: "x",
    yTitle: "y",
    series: [{ name: "s", x: [1, 2], y: new Float32Array([3, 1]) }],
  },
  {
    kind: "bar",
    title: "t",
    valueTitle: "v",
    labels: ["p", "q"],
    series: [{ name: "s", values: [1, null], deviations: [0.5, null] }],
  },
  {
    kind: "bar",
    title: "t",
    valueTitle: "v",
    labels: ["p", "q"],
    series: [{ name: "s", values: [1, 2] }],
    horizontal: true,
  },
  { kind: "heat", title: "t", xTitle: "x", yTitle: "y", xLabels: ["a", "b"], yLabels: ["c"], values: [[1, 2]] },
];

test("pictures: classes in their colours, unknown light, boxes, segments, heat", () => {
  const label = labelPicture({ width: 3, height: 1, data: Uint8Array.of(0, 1, 255) }, dataset);
  assert.deepEqual(
    [pixel(label, 0, 0), pixel(label, 1, 0), pixel(label, 2, 0)],
    [
      [0, 0, 0],
      [200, 10, 20],
      [222, 222, 218],
    ],
  );
  const boxed = boxPicture(grey(8, 8), [{ xmin: 1, ymin: 1, xmax: 6, ymax: 9, class: 1 }], dataset);
  assert.deepEqual(
    [pixel(boxed, 1, 4), pixel(boxed, 3, 4)],
    [
      [200, 10, 20],
      [100, 100, 100],
    ],
  );
  const cut = segmentPicture(grey(2, 1), [0, 1]);
  assert.deepEqual(
    [pixel(cut, 0, 0), pixel(cut, 1, 0)],
    [
      [255, 255, 255],
      [100, 100, 100],
    ],
  );
  const heat = heatPicture([0, 1], { width: 2, height: 1 }, { cell: 2 });
  assert.deepEqual(
    [heat.width, heat.height, pixel(heat, 1, 1), pixel(heat, 3, 0)],
    [4, 2, [38, 12, 78], [252, 231, 56]],
  );
  const cam = camPicture(grey(2, 1), new Map([[1, Float32Array.of(0, 1)]]), dataset);
  assert.deepEqual(pixel(cam, 0, 0), [70, 70, 70]);
  assert.equal(pixel(cam, 1, 0)[0], Math.round(0.15 * 70 + 0.85 * 200));
});

test("a grid is a PNG with its columns; small pictures are enlarged by whole numbers", async () => {
  const png = await pictureGrid(
    [1, 2, 3].map((i) => ({ picture: grey(20, 10), caption: `picture ${i}` })),
    { columns: 2, width: 100 },
  );
  const { width, height, format } = await sharp(png).metadata();
  assert.deepEqual([format, width, height], ["png", 10 + 2 * 110, 10 + 2 * (24 + 50 + 10)]);
});

test("letters are those of a font: capitals differ, signs beyond ASCII are drawn, and long captions end in an ellipsis", () => {
  assert.notEqual(textOutline("a", 0, 0, 10), textOutline("A", 0, 0, 10));
  const missing = textOutline("\u{10ffff}", 0, 0, 10);
  for (const sign of "βΣ→×±é") assert.notEqual(textOutline(sign, 0, 0, 10), missing, sign);
  assert.ok(textWidth("MMM", 10) > textWidth("iii", 10));
  assert.ok(Math.abs(textWidth("ab", 20) - 2 * textWidth("ab", 10)) < 1e-9);
  const short = fittedText("a caption that is too long", 60, 10);
  assert.match(short, /^a cap.*…$/);
  assert.ok(textWidth(short, 10) <= 60);
});

test("in a notebook captions, legends and colour bars are text", async () => {
  const label = { width: 8, height: 8, data: new Uint8Array(64).fill(1) };
  label.data[0] = 255;
  const shown = await showPictures([
    {
      picture: overlayPicture(grey(8, 8), label, dataset),
      caption: "Label < truth",
      legend: legendOf(label, dataset),
      scale: { low: 0, high: 0.25 },
    },
  ]);
  const html = (shown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]()["text/html"];
  assert.match(html, /<figcaption>Label &lt; truth<\/figcaption>/);
  for (const text of [" brick</span>", " unknown</span>", ">0<span", "</span>0.25</div>"])
    assert.ok(html.includes(text), text);
});

test("chosen cells are marked; a map over the photograph leaves cells of 0 grey", () => {
  const photograph = { width: 4, height: 2, data: new Uint8Array(24).map((_, i) => (i % 3 === 0 ? 200 : 0)) };
  const marked = cellPicture(photograph, [{ x: 1, y: 0 }], 2);
  assert.deepEqual([pixel(marked, 0, 0), pixel(marked, 2, 1)], [[200, 0, 0], [255, 255, 255]]); // biome-ignore format: one line
  const heat = heatOverPicture(photograph, [0, 3], { width: 2, height: 1 }, { cell: 2 });
  assert.deepEqual(pixel(heat, 1, 1), [60, 60, 60]);
  assert.deepEqual(
    pixel(heat, 2, 0),
    [252, 231, 56].map((c) => Math.round(0.75 * c + 0.25 * 60)),
  );
});

test("points have their class's colour and a white ring, cut at the picture's border", () => {
  const picture = pointPicture(grey(4, 2), [{ x: 0, y: 0, class: 1 }], dataset);
  const expected = [[200, 10, 20], [255, 255, 255], [100, 100, 100]]; // biome-ignore format: one line
  assert.deepEqual([0, 1, 2].map((x) => pixel(picture, x, 0)), expected); // biome-ignore format: one line
  assert.deepEqual([pixel(picture, 0, 1), pixel(picture, 3, 1)], expected.slice(1));
});

test("dots stand on an axis that spans the values alone, each with its single runs", () => {
  const points = [[81, 83], [84]];
  const series = [{ name: "s", values: [82, 84], deviations: [1, 0], points }];
  const chart: Chart = { kind: "bar", title: "t", valueTitle: "v", labels: ["p", "q"], series, horizontal: true };
  assert.match(chartSvg(chart), />0<\/text>/);
  const dots = chartSvg({ ...chart, marks: "dots" });
  assert.doesNotMatch(dots, />0<\/text>/);
  assert.equal(dots.match(/<circle/g)?.length, 2 + 3);
  assert.equal(plotlyFigure({ ...chart, marks: "dots" }).data[0].type, "scatter");
});

test("what a cell has to do with its neighbours stands where they are; outside the map nothing", () => {
  const values = Float32Array.from({ length: 6 * 9 }, (_, i) => i);
  const windowed = { height: 2, width: 3, radius: 1, values };
  assert.deepEqual([...windowAround(windowed, { x: 0, y: 0 })], [4, 5, 0, 7, 8, 0]);
  assert.deepEqual([...windowAround(windowed, { x: 2, y: 1 })], [0, 45, 46, 0, 48, 49]);
  assert.deepEqual([...windowAround(windowed, { x: 2, y: 1 }, { self: false })], [0, 45, 46, 0, 48, 0]);
  assert.throws(() => windowAround(windowed, { x: 3, y: 0 }), /cell inside 3×2/);
});

test("every chart is a plotly figure of plain JSON, and an SVG whose text is text", async () => {
  for (const chart of charts) {
    const figure = plotlyFigure(chart);
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure);
    const svg = chartSvg(chart);
    assert.equal((await sharp(Buffer.from(svg)).metadata()).format, "svg");
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    assert.match(svg, new RegExp(`<text[^>]*>${chart.title.replace("<", "&lt;")}</text>`));
    const { min } = (await sharp(await chartPng(chart)).stats()).channels[0];
    assert.ok(min < 130, "the picture is not empty");
  }
  assert.deepEqual(Object.keys(chartBundle(charts[0])), ["application/vnd.plotly.v1+json", "image/svg+xml"]);
});

test("ticks are round and cover the values", () => {
  assert.deepEqual(ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks(3, 97), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(5, 5), [5, 6]);
});

test("tables: columns as they come, nothing as a dash, text stays text, nested values are left out", () => {
  const rows = [
    { class: "<b>", iou: 0.5 },
    { class: "b|c", iou: null, more: 3, nested: [1] },
  ];
  assert.equal(
    tableMarkdown(rows),
    "| class | iou | more |\n| --- | ---: | ---: |\n| <b> | 0.500 | – |\n| b\\|c | – | 3 |",
  );
  assert.match(tableHtml(rows), /<td style="text-align:left">&lt;b&gt;<\/td>/);
});

test("a data frame's rows come back, NaN as null", () => {
  const frame = {
    columns: ["class", "iou"],
    values: [
      ["a", 0.5],
      ["b", Number.NaN],
    ],
  };
  assert.deepEqual(fromDataFrame(frame), [
    { class: "a", iou: 0.5 },
    { class: "b", iou: null },
  ]);
});

test("outside tslab a cell's value knows how to draw itself, and progress is silent", () => {
  const shown = show({ "text/plain": "x", "image/png": Uint8Array.of(1, 2, 3) }) as Record<symbol, () => object>;
  assert.deepEqual(shown[Symbol.for("Jupyter.display")](), { "text/plain": "x", "image/png": "AQID" });
  const reporter = notebookReporter();
  reporter.notice("n");
  reporter.progress({ done: 1, total: 1, label: "l" });
  reporter.finish();
});
