import pLimit from 'p-limit'

/** Does it for every item, so many at a time. */
export async function each<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  await pLimit(atOnce).map(items, act)
}
