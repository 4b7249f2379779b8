import { Value } from '@sinclair/typebox/value'
import { describe, expect, it } from 'vitest'
import { BreakerSchema } from '../../../gateway/breaker/options.ts'
import { parseRoutingConfig } from '../../../gateway/config/parse.ts'
import { RolloutPlanSchema } from '../../../gateway/rollout/plan.ts'

const nativeModules = new Set(['users', 'notes'])

/** A file of these routes, each on a line of its own from line 5. */
function fileOf(routes: readonly string[], targets = '"legacy": { "url": "${LEGACY_URL}" }'): string {
  return `{\n "version": 1,\n "targets": { ${targets} },\n "routes": [\n${routes.join(',\n')}\n]}`
}

function problemsOf(text: string) {
  return parseRoutingConfig(text, nativeModules).problems.map(
    ({ line, column, path, found, expected }) => [`${line}:${column}`, path, found, expected] as const
  )
}

const B = (paths: string, methods = '"GET"') => `{"id": "b", "paths": [${paths}], "methods": [${methods}]}`
const A = '{"id": "a", "paths": ["/a"], "methods": ["GET"]}'
const WEIGHT = 'a number from 0 to 100 with at most two decimals'
const PATTERN = 'a path such as /api/notes/:id or /api/notes/*: whole segments, not escaped, * only at the end'

const shares = (pattern: string, line: number, place: string, method: string) =>
  `a pattern that shares no path with "${pattern}" of line ${line} (${place}), since both have ${method}`

describe('a good file', () => {
  it('is given with its defaults filled in', () => {
    const { config, problems } = parseRoutingConfig(fileOf([A]), nativeModules)
    expect(problems).toEqual([])
    expect(config).toEqual({
      version: 1,
      killSwitch: false,
      targets: { legacy: { url: '${LEGACY_URL}', connectTimeoutMs: 5000 } },
      defaults: {
        weight: 0,
        killSwitch: false,
        timeouts: { responseMs: 60_000, idleMs: 300_000 },
        fallback: true,
        cohort: [],
        upstream: 'legacy',
        servedByHeader: false,
        breaker: Value.Default(BreakerSchema, {}),
        rollout: Value.Default(RolloutPlanSchema, {})
      },
      routes: [{ id: 'a', paths: ['/a'], methods: ['GET'] }]
    })
  })

  it.each(['0', '0.01', '0.07', '0.1', '1e1', '33.33', '99.99', '100', '100.00'])('may say weight %s', weight => {
    expect(problemsOf(fileOf([A.replace('"id"', `"weight": ${weight}, "id"`)]))).toEqual([])
  })

  it('may give a weight to a route without native', () => {
    expect(problemsOf(fileOf([A.replace('"id"', '"weight": 50, "id"')]))).toEqual([])
  })

  it('may have one path under several routes with different methods', () => {
    expect(problemsOf(fileOf([A, '{"id": "b", "paths": ["/a"], "methods": ["POST"]}']))).toEqual([])
  })
})

describe('what is no strict JSON', () => {
  it.each([
    ['an empty file', '', '1:1', '/', 'the end of the file', 'a JSON value'],
    [
      'a half-written file',
      '{\n "version": 1,\n "tar',
      '3:2',
      '/tar',
      '"tar',
      'a string closed with a double quote on its line'
    ],
    ['a comment', `// why\n${fileOf([A])}`, '1:1', '/', '// why', 'strict JSON without comments'],
    [
      'a comment in a route',
      fileOf([A.replace('"id"', '/* ! */ "id"')]),
      '5:2',
      '/routes/0',
      '/* ! */',
      'strict JSON without comments'
    ],
    [
      'a trailing comma in an object',
      '{\n "version": 1,\n}',
      '3:1',
      '/',
      '}',
      'a key after the comma, or no comma (JSON has no trailing commas)'
    ],
    [
      'a trailing comma in a list',
      fileOf([A.replace('"/a"', '"/a",')]),
      '5:28',
      '/routes/0/paths/1',
      ']',
      'a value after the comma, or no comma (JSON has no trailing commas)'
    ],
    [
      'a missing comma',
      fileOf([A.replace('"a",', '"a"')]),
      '5:12',
      '/routes/0/paths',
      '"paths"',
      '"," or the end of the list or object'
    ],
    ['single quotes', fileOf([A.replace('"/a"', "'/a'")]), '5:23', '/routes/0/paths/0', "'", 'strict JSON'],
    ['a second document', `${fileOf([A])}\n{}`, '7:1', '/', '{', 'nothing after the end of the document'],
    ['a byte order mark', `\uFEFF${fileOf([A])}`, '1:1', '/', 'a byte order mark', 'strict JSON'],
    [
      'a repeated key',
      fileOf([A.replace('}', ',\n"id": "b"}')]),
      '6:1',
      '/routes/0/id',
      '"id"',
      'each key once; line 5 has it already'
    ]
  ])('%s', (_what, text, place, path, found, expected) => {
    expect(problemsOf(text)).toContainEqual([place, path, found, expected])
  })
})

describe('what the schema does not allow', () => {
  it.each([
    ['no object', '[]', '1:1', '/', '[]', 'an object'],
    [
      'a missing key',
      '{ "version": 1, "routes": [] }',
      '1:1',
      '/targets',
      'nothing',
      'the key "targets" with an object with at least one target'
    ],
    ['no target', fileOf([A], ''), '3:13', '/targets', '{ }', 'an object with at least one target'],
    ['another version', fileOf([A]).replace('1', '2'), '2:13', '/version', '2', 'the number 1'],
    [
      'an unknown key, with the nearest',
      fileOf([A.replace('"id"', '"wieght": 1, "id"')]),
      '5:2',
      '/routes/0/wieght',
      '"wieght"',
      'a known key; did you mean "weight"?'
    ],
    [
      'an unknown key, like none',
      fileOf([A]).replace('"version"', '"owner": 1, "version"'),
      '2:2',
      '/owner',
      '"owner"',
      'one of the keys $schema, version, killSwitch, targets, defaults, routes'
    ],
    [
      'a prototype as a key',
      fileOf([A]).replace('"version"', '"__proto__": {}, "version"'),
      '2:2',
      '/__proto__',
      '"__proto__"',
      'one of the keys $schema, version, killSwitch, targets, defaults, routes'
    ],
    [
      'a weight above 100',
      fileOf([A.replace('"id"', '"weight": 140, "id"')]),
      '5:12',
      '/routes/0/weight',
      '140',
      WEIGHT
    ],
    [
      'a weight below 0',
      fileOf([A.replace('"id"', '"weight": -0.5, "id"')]),
      '5:12',
      '/routes/0/weight',
      '-0.5',
      WEIGHT
    ],
    [
      'a weight in quotes',
      fileOf([A.replace('"id"', '"weight": "10", "id"')]),
      '5:12',
      '/routes/0/weight',
      '"10"',
      WEIGHT
    ],
    [
      'a switch that is no boolean',
      fileOf([A.replace('"id"', '"killSwitch": "yes", "id"')]),
      '5:16',
      '/routes/0/killSwitch',
      '"yes"',
      'true or false'
    ],
    [
      'a method in lower case',
      fileOf([A.replace('GET', 'get')]),
      '5:42',
      '/routes/0/methods/0',
      '"get"',
      'one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE'
    ],
    [
      'no methods',
      fileOf([A.replace('"GET"', '')]),
      '5:41',
      '/routes/0/methods',
      '[]',
      'a list of at least one HTTP method, each once'
    ],
    [
      'no paths',
      fileOf([A.replace('"/a"', '')]),
      '5:22',
      '/routes/0/paths',
      '[]',
      'a list of at least one path pattern, each once'
    ],
    [
      'a timeout of 0',
      fileOf([A.replace('"id"', '"timeouts": {"responseMs": 0}, "id"')]),
      '5:29',
      '/routes/0/timeouts/responseMs',
      '0',
      'a whole number from 1 to 2147483647'
    ],
    [
      'a timeout that Node cannot set',
      fileOf([A.replace('"id"', '"timeouts": {"idleMs": 3e9}, "id"')]),
      '5:25',
      '/routes/0/timeouts/idleMs',
      '3e9',
      'a whole number from 0 to 2147483647'
    ],
    [
      'a timeout with a fraction',
      fileOf([A.replace('"id"', '"timeouts": {"idleMs": 1.5}, "id"')]),
      '5:25',
      '/routes/0/timeouts/idleMs',
      '1.5',
      'a whole number from 0 to 2147483647'
    ],
    [
      'an id with a space',
      fileOf([A.replace('"a"', '"a b"')]),
      '5:8',
      '/routes/0/id',
      '"a b"',
      'a route id: letters, digits, ".", "_" and "-", at most 64, the first a letter or a digit'
    ],
    [
      'a target of another protocol',
      fileOf([A], '"legacy": { "url": "ftp://x" }'),
      '3:34',
      '/targets/legacy/url',
      '"ftp://x"',
      'an http:// or https:// URL, or ${NAME} of an environment variable'
    ],
    [
      'a bad name of a target',
      fileOf([A], '"legacy": { "url": "http://x" }, "a b": { "url": "http://x" }'),
      '3:48',
      '/targets/a b',
      '"a b"',
      'a name of letters, digits, ".", "_" and "-", at most 64, the first a letter or a digit'
    ]
  ])('%s', (_what, text, place, path, found, expected) => {
    expect(problemsOf(text)).toEqual([[place, path, found, expected]])
  })

  it('shortens what it quotes, and leaves out the credentials of a URL', () => {
    const [long] = problemsOf(fileOf([A.replace('"a"', `"${'a'.repeat(100)}"`)]))
    expect(long?.[2]).toBe(`"${'a'.repeat(58)}…`)
    const [url] = problemsOf(fileOf([A], '"legacy": { "url": "htp://user:secret@host/" }'))
    expect(url?.[2]).toBe('"htp://…@host/"')
  })
})

describe('what a schema cannot say', () => {
  it.each([
    [
      'an id twice',
      [A, '{"id": "a", "paths": ["/b"], "methods": ["GET"]}'],
      '6:8',
      '/routes/1/id',
      '"a"',
      'an id that no other route has; line 5 has it already'
    ],
    [
      'the reserved id',
      [A.replace('"a"', '"unmatched"')],
      '5:8',
      '/routes/0/id',
      '"unmatched"',
      'an id other than "unmatched", which is reserved for requests of no route'
    ],
    [
      'a weight of three decimals',
      [A.replace('"id"', '"weight": 0.125, "id"')],
      '5:12',
      '/routes/0/weight',
      '0.125',
      WEIGHT
    ],
    [
      'an unknown native module',
      [A.replace('"id"', '"native": "note", "id"')],
      '5:12',
      '/routes/0/native',
      '"note"',
      'a known native module: "users", "notes" (did you mean "notes"?)'
    ],
    [
      'an unknown upstream',
      [A.replace('"id"', '"upstream": "spare", "id"')],
      '5:14',
      '/routes/0/upstream',
      '"spare"',
      'a known target: "legacy"'
    ],
    ['a pattern without a slash', [A.replace('"/a"', '"a"')], '5:23', '/routes/0/paths/0', '"a"', PATTERN],
    ['an empty segment', [A.replace('"/a"', '"/a//b"')], '5:23', '/routes/0/paths/0', '"/a//b"', PATTERN],
    ['a parameter in a segment', [A.replace('"/a"', '"/a/x-:b"')], '5:23', '/routes/0/paths/0', '"/a/x-:b"', PATTERN],
    ['a star before the end', [A.replace('"/a"', '"/*/a"')], '5:23', '/routes/0/paths/0', '"/*/a"', PATTERN],
    ['an escape in a pattern', [A.replace('"/a"', '"/%41"')], '5:23', '/routes/0/paths/0', '"/%41"', PATTERN],
    [
      'the same path in two routes',
      [A, B('"/A/"')],
      '6:23',
      '/routes/1/paths/0',
      '"/A/"',
      shares('/a', 5, '/routes/0/paths/0', 'GET')
    ],
    [
      'a path that a parameter has',
      [A.replace('/a', '/:x'), B('"/b"')],
      '6:23',
      '/routes/1/paths/0',
      '"/b"',
      shares('/:x', 5, '/routes/0/paths/0', 'GET')
    ],
    [
      'a path that a star shadows',
      [A.replace('/a', '/a/*'), B('"/b", "/a/:x/c"')],
      '6:29',
      '/routes/1/paths/1',
      '"/a/:x/c"',
      shares('/a/*', 5, '/routes/0/paths/0', 'GET')
    ],
    [
      'HEAD beside GET',
      [A, B('"/a"', '"POST", "HEAD"')],
      '6:23',
      '/routes/1/paths/0',
      '"/a"',
      shares('/a', 5, '/routes/0/paths/0', 'HEAD')
    ],
    [
      'two patterns of one route',
      [A.replace('"/a"', '"/a/:x", "/a/b"')],
      '5:32',
      '/routes/0/paths/1',
      '"/a/b"',
      shares('/a/:x', 5, '/routes/0/paths/0', 'GET')
    ],
    [
      'a path twice',
      [A.replace('"/a"', '"/a", "/a"')],
      '5:29',
      '/routes/0/paths/1',
      '"/a"',
      'each entry once; line 5 has it already'
    ],
    [
      'a method twice',
      [A.replace('"GET"', '"GET", "GET"')],
      '5:49',
      '/routes/0/methods/1',
      '"GET"',
      'each entry once; line 5 has it already'
    ],
    [
      'a user twice',
      [A.replace('"id"', '"cohort": ["u", "u"], "id"')],
      '5:18',
      '/routes/0/cohort/1',
      '"u"',
      'each entry once; line 5 has it already'
    ]
  ])('%s', (_what, routes, place, path, found, expected) => {
    expect(problemsOf(fileOf(routes))).toEqual([[place, path, found, expected]])
  })

  it.each([
    ['native', '"users"'],
    ['group', '"g"'],
    ['weight', '0'],
    ['killSwitch', 'false'],
    ['timeouts', '{}'],
    ['fallback', 'true'],
    ['cohort', '[]'],
    ['upstream', '"legacy"']
  ])('%s beside nativeOnly', (key, value) => {
    const route = A.replace('"id"', `"nativeOnly": true,\n "${key}": ${value}, "id"`)
    const expected = `no "${key}" beside "nativeOnly": native answers all of the route, always`
    expect(problemsOf(fileOf([route]))).toEqual([['6:2', `/routes/0/${key}`, `"${key}"`, expected]])
    expect(problemsOf(fileOf([route.replace('true', 'false')]))).toEqual([])
  })

  it('a target named native', () => {
    const targets = '"legacy": { "url": "http://x" }, "native": { "url": "http://y" }'
    const expected = 'a name other than "native", which is this process'
    expect(problemsOf(fileOf([A], targets))).toEqual([['3:48', '/targets/native', '"native"', expected]])
  })

  it('defaults without a target of their name', () => {
    const expected = 'a known target: "old"'
    expect(problemsOf(fileOf([A], '"old": { "url": "http://x" }'))).toEqual([
      ['1:1', '/defaults/upstream', 'nothing', expected]
    ])
  })
})

describe('the report', () => {
  it('has every problem of the file, by line, each as one sentence', () => {
    const bad = '{"id": "a", "paths": ["/a"], "methods": ["GET"],\n "weight": 140,\n "nativ": "notes"}'
    const { problems, config } = parseRoutingConfig(fileOf([A, bad, '{"id": 7}']), nativeModules, 'r.json')
    expect(config).toBeUndefined()
    expect(problems.map(problem => problem.message)).toEqual([
      'r.json:6:8 /routes/1/id: found "a", expected an id that no other route has; line 5 has it already',
      `r.json:6:23 /routes/1/paths/0: found "/a", expected ${shares('/a', 5, '/routes/0/paths/0', 'GET')}`,
      'r.json:7:12 /routes/1/weight: found 140, expected a number from 0 to 100 with at most two decimals',
      'r.json:8:2 /routes/1/nativ: found "nativ", expected a known key; did you mean "native"?',
      'r.json:9:1 /routes/2/paths: found nothing, expected the key "paths" with a list of at least one path pattern, each once',
      'r.json:9:1 /routes/2/methods: found nothing, expected the key "methods" with a list of at least one HTTP method, each once',
      'r.json:9:8 /routes/2/id: found 7, expected a route id: letters, digits, ".", "_" and "-", at most 64, the first a letter or a digit'
    ])
  })
})
