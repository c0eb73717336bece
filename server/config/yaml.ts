import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { ConfigDocument, section, type Value } from './document.ts'
import type { Path } from './problem.ts'

const fileBytesLimit = 1_048_576
const nodesLimit = 100_000
const depthLimit = 64

/** Reads YAML and remembers the line and column of every key and value. Mistakes are left in the document's `problems`. */
export function parseYaml(text: string, file: string): ConfigDocument {
  const result = new ConfigDocument(`${file}:1:1`)
  if (Buffer.byteLength(text) > fileBytesLimit) {
    result.problem([], result.at, `expected a configuration of at most ${fileBytesLimit} bytes`)
    return result
  }
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  for (const fault of [...yaml.errors, ...yaml.warnings])
    result.problem([], place(fault.pos[0]), fault.message.split(/ at line |\n/)[0] ?? fault.code)
  if (result.problems.length > 0) return result

  let nodes = 0
  const read = (node: Node | null | undefined, path: Path, at: string, ownKey?: string): Value => {
    if (isAlias(node)) return read(node.resolve(yaml), path, place(node.range?.[0] ?? 0), ownKey)
    const here = node?.range ? place(node.range[0]) : at
    // An element of a list is its own key.
    const keyAt = ownKey ?? here
    result.mark(path, { at: here, keyAt })
    // Aliases can make a small file a huge tree.
    if (++nodes > nodesLimit || path.length > depthLimit) {
      if (nodes <= nodesLimit || nodes === nodesLimit + 1)
        result.problem([], here, `expected at most ${nodesLimit} values, nested at most ${depthLimit} deep`)
      return null
    }
    if (isSeq(node)) return node.items.map((item, index) => read(item as Node, [...path, index], here))
    if (isMap(node)) {
      const value = section()
      for (const { key, value: inner } of node.items) {
        const keyPlace = place((key as Node | null)?.range?.[0] ?? node.range?.[0] ?? 0)
        if (!isScalar(key) || (typeof key.value !== 'string' && typeof key.value !== 'number')) {
          result.problem(path, keyPlace, 'expected a key that is a plain word')
          continue
        }
        const name = String(key.value)
        if (name === '__proto__') result.problem(path, keyPlace, 'expected another key than "__proto__"')
        else value[name] = read(inner as Node | null, [...path, name], keyPlace, keyPlace)
      }
      return value
    }
    const scalar: unknown = isScalar(node) ? node.value : null
    if (typeof scalar === 'string' && node?.range) {
      const start = verbatimAt(text, node.range[0], scalar)
      if (start !== undefined) {
        const { line, col } = lines.linePos(start)
        result.mark(path, { at: here, keyAt, textAt: { file, line, column: col } })
      }
    }
    if (typeof scalar === 'string' || typeof scalar === 'number' || typeof scalar === 'boolean') return scalar
    if (scalar !== null && scalar !== undefined)
      result.problem(path, here, 'expected a text, a number or true or false')
    return null
  }

  const root = read(yaml.contents, [], result.at)
  if (typeof root === 'object' && root !== null && !Array.isArray(root)) result.root = root
  else if (root !== null)
    result.problem([], result.at, 'expected keys and values, such as "log:" and below it "  level: info"')
  return result
}

/** Where a scalar's text stands in the file, with or without a quote before it; undefined when it was written otherwise. */
function verbatimAt(text: string, from: number, scalar: string): number | undefined {
  if (scalar.includes('\n')) return undefined
  return [from, from + 1].find(start => text.startsWith(scalar, start))
}
