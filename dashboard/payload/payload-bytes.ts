/** A payload as the API gives it. */
export interface Payload {
  readonly payload: string
  readonly encoding: 'text' | 'base64'
}

export function bytesOf({ payload, encoding }: Payload): Uint8Array {
  if (encoding === 'text') return new TextEncoder().encode(payload)
  return Uint8Array.from(atob(payload), character => character.charCodeAt(0))
}

/** Undefined: it is not JSON. Numbers alone are, but say no more as JSON than as text. */
export function jsonOf({ payload, encoding }: Payload): unknown {
  if (encoding !== 'text' || !/^\s*[[{]/.test(payload)) return undefined
  try {
    return JSON.parse(payload) as unknown
  } catch {
    return undefined
  }
}

/** Lines of 16 bytes: where, in hexadecimal, and as text. */
export function hexOf(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)]
    const hex = row.map(byte => byte.toString(16).padStart(2, '0'))
    const halves = `${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}`
    const text = row.map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${halves.padEnd(48)}  ${text}`)
  }
  return lines.join('\n')
}

export type JsonPart = { readonly kind: 'key' | 'text' | 'number' | 'word' | 'mark'; readonly text: string }

/** Indented JSON in parts, each of one kind, so that it can be coloured without any markup of its own. */
export function jsonParts(value: unknown): readonly JsonPart[] {
  const text = JSON.stringify(value, undefined, 2)
  const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)|([^"\d\-tfn]+|.)/g
  return [...text.matchAll(pattern)].flatMap(([whole, quoted, colon, number, word]): JsonPart[] => {
    if (quoted !== undefined && colon !== undefined)
      return [
        { kind: 'key', text: quoted },
        { kind: 'mark', text: colon },
      ]
    if (quoted !== undefined) return [{ kind: 'text', text: quoted }]
    if (number !== undefined) return [{ kind: 'number', text: whole }]
    return [{ kind: word === undefined ? 'mark' : 'word', text: whole }]
  })
}

/** Bytes as the API would give them: text where they are text. */
export function payloadOf(bytes: Uint8Array): Payload {
  try {
    const payload = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { payload, encoding: 'text' }
  } catch {
    return { payload: btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join('')), encoding: 'base64' }
  }
}
