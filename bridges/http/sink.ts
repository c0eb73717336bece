import {
  BridgeFailure,
  type BridgeSink,
  type Clock,
  isRejected,
  Rejected,
  type Scope,
  type Template,
  viaHeader,
} from '../../kernel/plugin.ts'
import type { HttpDelivery, HttpTo } from './options.ts'
import type { Outgoing, WebServer } from './request.ts'
import { judge, type Verdict } from './verdict.ts'

/** What one message becomes. */
export interface HttpItem {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly via: string
  readonly lane: number
}

/** What came of a batch so far. */
interface Outcome {
  readonly taken: number[]
  readonly rejections: { readonly index: number; readonly why: Rejected }[]
  failure: Extract<Verdict, { kind: 'repeat' | 'mend' }> | undefined
}

/** A webhook: a request a message, or one for many. */
export class HttpSink implements BridgeSink<HttpItem> {
  readonly #server: WebServer
  readonly #to: HttpTo
  readonly #lanes: number
  readonly #clock: Clock

  constructor(server: WebServer, to: HttpTo, delivery: HttpDelivery, clock: Clock) {
    this.#server = server
    this.#to = to
    this.#lanes = to.format === 'single' ? delivery.parallel : 1
    this.#clock = clock
  }

  prepare(scope: Scope): HttpItem | Rejected {
    const { path, body, key } = this.#to
    const added = path ? path.text(scope) : ''
    if (isRejected(added)) return added
    const bytes = body.render(scope)
    if (isRejected(bytes)) return bytes
    const headers = this.#headersOf(scope)
    if (isRejected(headers)) return headers
    const lane = this.#lanes === 1 ? '' : (key?.text(scope) ?? scope.topic)
    if (isRejected(lane)) return lane
    const whole = pathOf(this.#server.url, added ?? '')
    if (!/^[\x21-\x7e]*$/.test(whole)) return new Rejected('PATH_INVALID', '"to.path" gives what no URL may hold')
    return { path: whole, headers, body: bytes ?? new Uint8Array(0), via: scope.via, lane: hash(lane) % this.#lanes }
  }

  bytesOf({ body }: HttpItem): number {
    return body.length
  }

  async send(items: readonly HttpItem[], signal: AbortSignal): Promise<void> {
    const outcome: Outcome = { taken: [], rejections: [], failure: undefined }
    if (this.#to.format === 'single') await this.#sendEach(items, outcome, signal)
    else for (const group of byPath(items)) await this.#sendGroup(items, group, outcome, signal)
    const { taken, rejections, failure } = outcome
    if (!failure && rejections.length === 0) return
    const why = failure?.why ?? rejections[0]?.why.reason ?? ''
    throw new BridgeFailure(why, { wants: failure?.kind ?? 'repeat', taken, rejections, afterMs: failure?.afterMs })
  }

  async close(): Promise<void> {}

  /** Lanes side by side; in each one message after the other, up to the first that must be repeated. */
  async #sendEach(items: readonly HttpItem[], outcome: Outcome, signal: AbortSignal): Promise<void> {
    const lanes: number[][] = Array.from({ length: this.#lanes }, () => [])
    for (const [index, { lane }] of items.entries()) lanes[lane]?.push(index)
    await Promise.all(
      lanes.map(async lane => {
        for (const index of lane) {
          const item = items[index]
          if (!item || outcome.failure) return
          const verdict = await this.#request(item.path, item.headers, item.body, item.via, signal)
          this.#note(verdict, [index], outcome)
          if (verdict.kind === 'repeat' || verdict.kind === 'mend') return
        }
      }),
    )
  }

  /** One request for all of them; refused, it is halved until what the server does not take is found. */
  async #sendGroup(
    items: readonly HttpItem[],
    group: readonly number[],
    outcome: Outcome,
    signal: AbortSignal,
  ): Promise<void> {
    if (outcome.failure) return
    const chosen = group.map(index => items[index] as HttpItem)
    const via = [...new Set(chosen.flatMap(item => item.via.split(', ')))].join(', ')
    const headers = chosen[0]?.headers ?? {}
    const verdict = await this.#request(chosen[0]?.path ?? '', headers, this.#join(chosen), via, signal)
    if (verdict.kind !== 'poison' || group.length === 1) return this.#note(verdict, group, outcome)
    const half = Math.ceil(group.length / 2)
    await this.#sendGroup(items, group.slice(0, half), outcome, signal)
    await this.#sendGroup(items, group.slice(half), outcome, signal)
  }

  async #request(
    path: string,
    headers: Outgoing['headers'],
    body: Uint8Array,
    via: string,
    signal: AbortSignal,
  ): Promise<Verdict> {
    try {
      const request = { method: this.#to.method, path, headers: { ...headers, [viaHeader]: via }, body }
      const answer = await this.#server.send(request, signal)
      return judge(answer, { fixed: this.#to.path?.constant !== undefined || !this.#to.path, nowMs: this.#clock.now() })
    } catch (error) {
      return { kind: 'repeat', why: error instanceof Error ? error.message : String(error) }
    }
  }

  #note(verdict: Verdict, indexes: readonly number[], outcome: Outcome): void {
    if (verdict.kind === 'taken') outcome.taken.push(...indexes)
    else if (verdict.kind === 'poison') {
      const why = new Rejected('REFUSED', verdict.why)
      for (const index of indexes) outcome.rejections.push({ index, why })
    } else outcome.failure ??= verdict
  }

  #join(items: readonly HttpItem[]): Uint8Array {
    const array = this.#to.format === 'array'
    const [open, between, close] = array ? ['[', ',', ']'] : ['', '\n', '\n']
    const parts: Uint8Array[] = [Buffer.from(open)]
    for (const [i, { body }] of items.entries()) parts.push(...(i === 0 ? [] : [Buffer.from(between)]), body)
    return Buffer.concat([...parts, Buffer.from(close)])
  }

  #headersOf(scope: Scope): Record<string, string> | Rejected {
    const { format, body, contentType, headers } = this.#to
    const type = contentType?.text(scope)
    if (isRejected(type)) return type
    const standard = format === 'ndjson' ? 'application/x-ndjson' : body.json ? 'application/json' : scope.contentType
    const result: Record<string, string> = { 'content-type': type ?? standard ?? 'application/octet-stream' }
    for (const [name, template] of Object.entries(headers)) {
      const value = headerOf(name, template, scope)
      if (isRejected(value)) return value
      if (value !== undefined) result[name.toLowerCase()] = value
    }
    if (!isHeader(result['content-type'] ?? '')) return new Rejected('HEADER_INVALID', 'the content type is no header')
    return result
  }
}

function headerOf(name: string, template: Template, scope: Scope): string | undefined | Rejected {
  const value = template.text(scope)
  if (value === undefined || isRejected(value) || isHeader(value)) return value
  return new Rejected('HEADER_INVALID', `"to.headers.${name}" gives what no header may hold`)
}

function isHeader(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}

function pathOf(url: URL, added: string): string {
  if (added === '') return url.pathname + url.search
  const base = url.pathname.replace(/\/$/, '')
  return `${base}${added.startsWith('/') ? '' : '/'}${added}${url.search}`
}

/** Messages that go to one path, as far as they follow each other. */
function byPath(items: readonly HttpItem[]): number[][] {
  const groups: number[][] = []
  for (const [index, { path }] of items.entries()) {
    const last = groups.at(-1)
    if (last && items[last[0] ?? 0]?.path === path) last.push(index)
    else groups.push([index])
  }
  return groups
}

function hash(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0
  return value
}
