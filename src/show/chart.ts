/** Charts as plain data: one description, which plotly draws in a notebook and an SVG shows everywhere else. */

export interface LineChart {
  readonly kind: "line";
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly { readonly name: string; readonly x: ArrayLike<number>; readonly y: ArrayLike<number> }[];
}

export interface BarChart {
  readonly kind: "bar";
  readonly title: string;
  readonly valueTitle: string;
  /** One group of bars each. */
  readonly labels: readonly string[];
  readonly series: readonly {
    readonly name: string;
    /** Null: no bar. */
    readonly values: readonly (number | null)[];
    /** Half the length of the error bars. */
    readonly deviations?: readonly (number | null)[];
    /** Single values behind each mean, drawn as small rings; of lying charts. */
    readonly points?: readonly (readonly number[])[];
  }[];
  /** Bars lie, labels stand at the left: for long labels. Default: more than 8 labels. */
  readonly horizontal?: boolean;
  /** Form of a horizontal chart: bars begin at 0; dots stand on an axis that spans the values, so that small differences can be seen. Default "bars". */
  readonly marks?: "bars" | "dots";
}

export interface HeatChart {
  readonly kind: "heat";
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xLabels: readonly string[];
  /** From the top. */
  readonly yLabels: readonly string[];
  /** A row per y label. */
  readonly values: readonly (readonly number[])[];
}

export type Chart = LineChart | BarChart | HeatChart;
