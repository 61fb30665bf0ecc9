/** Clicks and strokes spread over the superpixels they touch, because a superpixel seldom holds two things. */

import type { Superpixels } from "./superpixels";

/** Superpixels that grew beyond so many times their usual area (flat or noisy ground) are no evidence. */
const LARGEST = 6;

/**
 * Every superpixel touched by exactly one class takes it; touched by several or none, it stays unknown.
 * @param touched class at the pixels that count as touching, `ignore` elsewhere, [H·W]
 * @param area usual area of a superpixel in pixels of the size in which it was made
 * @returns [H·W]
 */
export function spread(
  { ids, count, step = 1 }: Superpixels,
  touched: Uint8Array,
  ignore: number,
  area: number,
): Uint8Array {
  const several = 256;
  const classOf = new Uint16Array(count).fill(ignore);
  const size = new Int32Array(count);
  for (let i = 0; i < ids.length; i++) {
    size[ids[i]]++;
    if (touched[i] === ignore) continue;
    const known = classOf[ids[i]];
    classOf[ids[i]] = known === ignore || known === touched[i] ? touched[i] : several;
  }
  return Uint8Array.from(ids, (id) =>
    classOf[id] === several || size[id] > LARGEST * area * step ** 2 ? ignore : classOf[id],
  );
}
