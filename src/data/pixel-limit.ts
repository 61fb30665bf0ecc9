/** Most pixels of an image or label: beyond any camera's, far below what would exhaust memory. */
export const MAX_PIXELS: number = 2 ** 27;
