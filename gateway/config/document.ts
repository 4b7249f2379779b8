import { findNodeAtLocation, getLocation, getNodeValue, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Node, ParseError } from 'jsonc-parser'
import { pointerOf } from './problem.ts'
import type { ConfigProblem, Finding } from './problem.ts'

const FOUND_LIMIT = 60
const BYTE_ORDER_MARK = '\uFEFF'

/** The text of a configuration file, its syntax checked, which places findings by line and column. */
export class ConfigDocument {
  /** Violations of strict JSON, comments, trailing commas and repeated keys among them. */
  readonly problems: readonly ConfigProblem[]
  /** The parsed value; undefined when the syntax leaves open what the file says. */
  readonly value: unknown
  readonly #text: string
  readonly #file: string
  readonly #lineStarts: readonly number[]
  readonly #root: Node | undefined

  /** @param file the name that messages give the file. */
  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
    this.#lineStarts = lineStartsOf(text)

    const strict: ParseError[] = []
    parseTree(text, strict, { disallowComments: true, allowTrailingComma: false })
    const lenient: ParseError[] = []
    this.#root = parseTree(text, lenient, { disallowComments: false, allowTrailingComma: true })

    const repeated = this.#root === undefined ? [] : repeatedKeys(this.#root)
    this.problems = [
      ...this.#firstOfEachLine(strict).map(error => this.#syntaxProblem(error)),
      ...repeated.map(({ key, first }) =>
        this.#problem(
          key.offset,
          pathTo(key),
          this.#excerpt(key),
          `each key once; line ${this.#lineOf(first.offset)} has it already`
        )
      )
    ]
    const isClear = lenient.length === 0 && repeated.length === 0
    this.value = isClear && this.#root !== undefined ? getNodeValue(this.#root) : undefined
  }

  /** The finding with its line, column and the text that stands there. */
  locate({ path, at, found, expected }: Finding): ConfigProblem {
    const node = this.#nodeAt(path)
    if (node === undefined) {
      const parent = this.#nodeAt(path.slice(0, -1)) ?? this.#root
      return this.#problem(parent?.offset ?? 0, path, found ?? 'nothing', expected)
    }
    const target = at === 'key' ? (node.parent?.children?.[0] ?? node) : node
    return this.#problem(target.offset, path, found ?? this.#excerpt(target), expected)
  }

  /** The line, from 1, of the value at a path. */
  lineOf(path: readonly (string | number)[]): number {
    return this.#lineOf(this.#nodeAt(path)?.offset ?? 0)
  }

  #nodeAt(path: readonly (string | number)[]): Node | undefined {
    return this.#root === undefined ? undefined : findNodeAtLocation(this.#root, [...path])
  }

  #problem(offset: number, path: readonly (string | number)[], found: string, expected: string): ConfigProblem {
    const line = this.#lineOf(offset)
    const column = offset - (this.#lineStarts[line - 1] ?? 0) + 1
    const pointer = pointerOf(path)
    const message = `${this.#file}:${line}:${column} ${pointer}: found ${found}, expected ${expected}`
    return { line, column, path: pointer, found, expected, message }
  }

  #syntaxProblem({ error, offset, length }: ParseError): ConfigProblem {
    const text = this.#text.slice(offset, offset + length)
    const found = text === '' ? 'the end of the file' : text === BYTE_ORDER_MARK ? 'a byte order mark' : shorten(text)
    const path = getLocation(this.#text, offset).path.filter(segment => segment !== '')
    return this.#problem(offset, path, found, expectedSyntax(printParseErrorCode(error), found))
  }

  /** One slip makes the parser complain several times; the first complaint of a line is the useful one. */
  #firstOfEachLine(errors: readonly ParseError[]): ParseError[] {
    const lines = new Set<number>()
    return errors.filter(({ offset }) => lines.size < lines.add(this.#lineOf(offset)).size)
  }

  #lineOf(offset: number): number {
    const next = this.#lineStarts.findIndex(start => start > offset)
    return next === -1 ? this.#lineStarts.length : next
  }

  #excerpt(node: Node): string {
    return shorten(this.#text.slice(node.offset, node.offset + node.length))
  }
}

function expectedSyntax(error: string, found: string): string {
  if (error === 'InvalidCommentToken') return 'strict JSON without comments'
  if (found === '}' && error === 'PropertyNameExpected')
    return 'a key after the comma, or no comma (JSON has no trailing commas)'
  if (found === ']' && error === 'ValueExpected')
    return 'a value after the comma, or no comma (JSON has no trailing commas)'
  return SYNTAX[error] ?? 'strict JSON'
}

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidNumberFormat: 'a JSON number',
  PropertyNameExpected: 'a key in double quotes',
  ValueExpected: 'a JSON value',
  ColonExpected: '":" after the key',
  CommaExpected: '"," or the end of the list or object',
  CloseBraceExpected: '"}"',
  CloseBracketExpected: '"]"',
  EndOfFileExpected: 'nothing after the end of the document',
  UnexpectedEndOfString: 'a string closed with a double quote on its line',
  InvalidEscapeCharacter: 'a JSON escape such as \\n or \\\\',
  InvalidUnicode: 'four hexadecimal digits after \\u',
  InvalidCharacter: 'control characters escaped, such as \\n or \\t'
}

/** Shortens what is quoted, and takes the credentials out of a URL, since problems are logged. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/\/\/[^\s/"@]*@/g, '//…@')
  return line.length <= FOUND_LIMIT ? line : `${line.slice(0, FOUND_LIMIT - 1)}…`
}

function lineStartsOf(text: string): number[] {
  const starts = [0]
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return starts
}

function repeatedKeys(node: Node): { key: Node; first: Node }[] {
  const children = node.children ?? []
  const below = children.flatMap(repeatedKeys)
  if (node.type !== 'object') return below

  const seen = new Map<unknown, Node>()
  const own = children.flatMap(property => {
    const key = property.children?.[0]
    if (key === undefined) return []
    const first = seen.get(key.value)
    if (first === undefined) seen.set(key.value, key)
    return first === undefined ? [] : [{ key, first }]
  })
  return [...own, ...below]
}

function pathTo(key: Node): (string | number)[] {
  const path: (string | number)[] = []
  for (let node: Node | undefined = key.parent; node !== undefined; node = node.parent) {
    if (node.type === 'property') path.unshift(String(node.children?.[0]?.value))
    else if (node.parent?.type === 'array') path.unshift(node.parent.children?.indexOf(node) ?? 0)
  }
  return path
}
