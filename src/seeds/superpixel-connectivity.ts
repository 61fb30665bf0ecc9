/**
 * Connected superpixels: clusters may fall into pieces. Every connected piece becomes a superpixel; one smaller than
 * `smallest` joins the superpixel met last around it, one that reaches `largest` is cut there. As in scikit-image.
 */

/**
 * @param clusters cluster of each pixel, [H·W]
 * @returns superpixel of each pixel, 0…count − 1 in scan order, [H·W]
 */
export function connectSuperpixels(
  clusters: Int32Array,
  width: number,
  height: number,
  smallest: number,
  largest: number,
): { ids: Int32Array; count: number } {
  const none = -1;
  const ids = new Int32Array(clusters.length).fill(none);
  const piece = new Int32Array(Math.max(1, largest));
  let count = 0;
  for (let start = 0; start < clusters.length; start++) {
    if (ids[start] !== none) continue;
    const cluster = clusters[start];
    let adjacent = 0;
    let size = 1;
    ids[start] = count;
    piece[0] = start;
    for (let visited = 0; visited < size && size < largest; visited++) {
      const at = piece[visited];
      const x = at % width;
      for (let side = 0; side < 4 && size < largest; side++) {
        const neighbour = at + (side === 0 ? 1 : side === 1 ? -1 : side === 2 ? width : -width);
        const outside =
          (side === 0 && x === width - 1) || (side === 1 && x === 0) || neighbour < 0 || neighbour >= width * height;
        if (outside) continue;
        if (ids[neighbour] === none && clusters[neighbour] === cluster) {
          ids[neighbour] = count;
          piece[size++] = neighbour;
        } else if (ids[neighbour] !== none && ids[neighbour] !== count) adjacent = ids[neighbour];
      }
    }
    if (size < smallest) for (let i = 0; i < size; i++) ids[piece[i]] = adjacent;
    else count++;
  }
  return { ids, count: Math.max(1, count) };
}
