import { expect, test } from 'vitest'
import { compileDocument, DocumentError } from '../../../../kernel/bridging/language/index.ts'
import { scopeOf } from './scope.ts'

const scope = scopeOf({ text: '{"temp":41.5,"big":12345678901234567890,"on":true,"none":null}', clientid: 'c"1' })

function rendered(source: unknown, of = scope): unknown {
  const bytes = compileDocument(source).render(of)
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : bytes
}

test('one template gives bytes as they are', () => {
  const document = compileDocument('${payload}')
  expect(document.json).toBe(false)
  expect(document.render(scope)).toBe(scope.payload)
  expect(rendered('<${topic}>')).toBe('<factory/7/telemetry>')
})

test('a map is sent as JSON, in which a path keeps its type', () => {
  expect(compileDocument({}).json).toBe(true)
  const source = {
    t: '${payload.temp}',
    on: '${payload.on}',
    who: '${clientid}',
    text: 'at ${topic[1]}',
    n: 1,
    z: null,
  }
  expect(rendered(source)).toBe('{"t":41.5,"on":true,"who":"c\\"1","text":"at 7","n":1,"z":null}')
})

test('the payload in it is the JSON it is, with all its digits, else text', () => {
  expect(rendered({ p: '${payload}' })).toBe(`{"p":${Buffer.from(scope.payload).toString()}}`)
  expect(rendered({ p: '${payload}' }, scopeOf({ text: 'hot "x"' }))).toBe('{"p":"hot \\"x\\""}')
  expect(rendered({ p: '${payload}' }, scopeOf({ payload: Uint8Array.of(0xff) }))).toMatchObject({ code: 'NOT_TEXT' })
})

test('an optional field that leads nowhere is left out, one that is null is null', () => {
  expect(rendered({ a: '${username?}', b: ['${username?}', 1], c: '${payload.none}' })).toBe('{"b":[1],"c":null}')
})

test('a missing path rejects the whole document', () => {
  expect(rendered({ a: { b: ['${payload.gone}'] } })).toMatchObject({ code: 'PATH_MISSING' })
})

test('a mistake tells the keys that lead to it and its character', () => {
  let caught: unknown
  try {
    compileDocument({ a: { b: ['x', 'y ${topc}'] } })
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(DocumentError)
  expect(caught).toMatchObject({ path: ['a', 'b', 1], offset: 4 })
})

test('a document nested without end is refused', () => {
  let deep: unknown = 'x'
  for (let i = 0; i < 40; i++) deep = [deep]
  expect(() => compileDocument(deep)).toThrow('nested at most 32 deep')
  expect(() => compileDocument(7)).toThrow('expected a text, or a map that is sent as JSON')
})
