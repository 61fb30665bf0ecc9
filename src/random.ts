/**
 * Seeded random numbers. Every draw is a pure function of (seed, stream, index), so results depend neither on the order
 * in which images are processed nor on the number of processes.
 */

/** FNV-1a hash of a string, 32 bits: names (of images, parameters) become seeds. */
export function hashString(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Avalanche of one 32-bit integer (murmur3's finaliser). */
export function mixBits(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A seed for one named stream (an image, a purpose) below a run's seed. */
export function deriveSeed(seed: number, ...stream: readonly (string | number)[]): number {
  let h = mixBits(seed);
  for (const part of stream) h = mixBits(h ^ (typeof part === "string" ? hashString(part) : mixBits(part + 1)));
  return h;
}

/** A small sequential generator (sfc32) for one stream. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = mixBits(seed);
    this.b = mixBits(seed ^ 0x9e3779b9);
    this.c = mixBits(seed ^ 0x243f6a88);
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /**
   * Each entry ← 0 with probability gaps / 65536, else the value, in two halves of 32 bits each. Without a branch, which no
   * processor could foresee, and with the state in local variables: a million entries take a millisecond.
   */
  scatter(entries: Float32Array, value: number, gaps: number): void {
    const patterns = new Int32Array(entries.buffer, entries.byteOffset, entries.length);
    const pattern = new Int32Array(Float32Array.of(value).buffer)[0];
    let [a, b, c, counter] = [this.a | 0, this.b | 0, this.c | 0, this.counter];
    for (let i = 0; i < patterns.length; i += 2) {
      const bits = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + bits) | 0;
      patterns[i] = pattern & ~(((bits & 0xffff) - gaps) >> 31);
      patterns[i + 1] = pattern & ~(((bits >>> 16) - gaps) >> 31); // beyond an odd end it is dropped
    }
    Object.assign(this, { a, b, c, counter });
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + ((high - low) * this.bits()) / 4294967296;
  }

  /** Uniform integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform(0, n));
  }

  /** Standard normal (Box–Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Fisher–Yates, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}
