import { bucketOf } from '../../../gateway/routing/bucket.ts'

/** Run as a process of its own: prints the buckets of the keys given as a JSON list. */
const keys: unknown = JSON.parse(process.argv[2] ?? '[]')
if (Array.isArray(keys)) console.log(JSON.stringify(keys.map(key => bucketOf(String(key), 'notes'))))
