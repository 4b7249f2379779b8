import blns from 'big-list-of-naughty-strings/blns.json' with { type: 'json' }

const ours = [
  '\0',
  'a\0b',
  '\ud800',
  '\udfff tail',
  'lone \ud83d inside',
  '\u2028\u2029',
  '\ufeff',
  '\ufffe\uffff',
  'e\u0301'.repeat(1000),
  'ﷺ'.repeat(10_000),
  'İIıi',
  '__proto__',
  'constructor.prototype',
  'toString',
  '$where',
  '$gt',
  'a.b.$[].c',
  '{"$gt":""}',
  'ffffffffffffffffffffffff',
  '000000000000000000000000',
  'FFFFFFFFFFFFFFFFFFFFFFFFF',
  '1e400',
  '-0',
  'x'.repeat(100_000)
]

/** Texts that have broken programs before, and some more of ours. */
export const naughtyStrings: readonly string[] = [...blns, ...ours]

/** A fair part of them. */
export const someNaughtyStrings: readonly string[] = [...blns.filter((_, index) => index % 10 === 0), ...ours]

/** Parts of a request target that no client of good will sends, as they are. */
export const naughtyTargets: readonly string[] = [
  '%',
  '%zz',
  '%ff',
  '%c3%28',
  '%00',
  '%0d%0aset-cookie:%20a=b',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%5c',
  '%ed%a0%80',
  '%u0041',
  '*',
  ':',
  ';',
  '[$gt]=',
  'a'.repeat(4096),
  'a'.repeat(4097),
  'a'.repeat(12_000)
]

function nested(levels: number, open: string, close: string): string {
  return open.repeat(levels) + close.repeat(levels)
}

/** JSON that is no text, for fields that must be one; as it is sent, for some of it no serializer would write. */
export const naughtyShapes: readonly string[] = [
  '{"$gt":""}',
  '{"$ne":null}',
  '{"$regex":".*"}',
  '{"$where":"sleep(1000)"}',
  '{"$oid":"ffffffffffffffffffffffff"}',
  '{"$function":{"body":"","args":[],"lang":"js"}}',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"toString":null,"valueOf":null}',
  '{"length":1}',
  '{"_bsontype":"ObjectId"}',
  '{"_bsontype":"Code","code":"x"}',
  '{"toJSON":1,"toBSON":1}',
  '{"a\\u0000b":1}',
  '{"a.b":{"$set":{}}}',
  '{"":{"":{"":""}}}',
  '{"\\ud800":"\\udfff"}',
  '[]',
  '{}',
  '["a","b"]',
  '[{"$gt":""}]',
  '[[["a"]]]',
  '[null]',
  nested(90, '{"a":', '}').replace(':}', ':1}'),
  nested(150, '[', ']'),
  nested(100_000, '[', ']'),
  nested(100_000, '{"a":', '}').replace(':}', ':1}'),
  `[${'0,'.repeat(1_000_000)}0]`
]

/** JSON that some fields take and some refuse. */
export const naughtyScalars: readonly string[] = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1',
  '1.5',
  '1e400',
  '-1e400',
  '12345678901234567890',
  '1e-400',
  '""',
  '" "',
  '"\\u0000"'
]
