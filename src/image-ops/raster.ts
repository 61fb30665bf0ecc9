/** Size of a row-major array of pixels: value `channel` of pixel (x, y) stands at `(y · width + x) · channels + channel`. */
export interface RasterShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}
