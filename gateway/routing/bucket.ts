/** How many buckets the callers of a group are spread over; a weight's two decimals make one bucket 0.01 %. */
export const BUCKETS = 10_000

const FNV_OFFSET_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193
/** No group holds it (the configuration's schema forbids control characters), so `a` + `bc` is never `ab` + `c`. */
const SEPARATOR = 0

/**
 * The bucket, 0–9999, of a caller in a group: FNV-1a (32 bit, over UTF-16 code units) of group, separator and key, then
 * MurmurHash3's 32-bit finaliser.
 *
 * FNV-1a alone is uneven on sequential ids (chi-squared 361 over 100 buckets where 123 is the limit): the last
 * characters of a key hardly reach the high bits. The finaliser spreads every input bit over all output bits.
 *
 * The function decides which backend a caller is on, on every replica and after every restart. Changing it moves
 * callers between backends; a test pins its values.
 */
export function bucketOf(key: string, group: string): number {
  let hash = mix(FNV_OFFSET_BASIS, group)
  hash = Math.imul(hash ^ SEPARATOR, FNV_PRIME)
  hash = mix(hash, key)

  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % BUCKETS
}

function mix(seed: number, text: string): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
  return hash
}
