import { useEffect, useRef, useSyncExternalStore } from 'react'

/** What the server tells each second, by channel. */
export interface Frames {
  readonly metrics: { readonly at: string; readonly values: Sample | undefined }
  readonly clients: readonly LiveEvent[]
  readonly alarms: readonly LiveEvent[]
  readonly bridges: readonly LiveEvent[]
  readonly events: readonly LiveEvent[]
  readonly topics: { readonly topics: readonly LiveTopic[]; readonly others: number }
  readonly log: { readonly lines: readonly LogLine[]; readonly leftOut: number }
}
export type Channel = keyof Frames
export type Sample = Readonly<Record<string, number>>

export interface LiveEvent {
  readonly id: number
  readonly at: string
  readonly name: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface LiveTopic {
  readonly topic: string
  readonly qos: 0 | 1 | 2
  readonly payload: string
  readonly payloadBytes: number
  readonly encoding: 'text' | 'base64'
  readonly publishedAt: string
  readonly expiresAt: string | null
  readonly clientId: string | null
  /** Since the frame before. */
  readonly messages: number
}

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

export type LinkState = 'connecting' | 'open' | 'lost'

const channelNames: readonly Channel[] = ['metrics', 'clients', 'topics', 'alarms', 'bridges', 'events', 'log']
const retryMs = 1_500

interface Wish {
  readonly channel: Channel
  readonly filters: readonly string[]
}

/** The one stream of events of this page: whoever shows something says which channels, and is told of their frames. */
class Live {
  state: LinkState = 'connecting'
  latest: Frames['metrics'] | undefined
  readonly #watchers = new Set<() => void>()
  readonly #listeners = new Map<Channel, Set<(frame: never) => void>>()
  readonly #wishes = new Set<Wish>()
  readonly #returned = new Set<() => void>()
  #source: EventSource | undefined
  #url = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Called when the state or the newest numbers change. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Called when the server is back after it was lost. */
  onReturn(listener: () => void): () => void {
    this.#returned.add(listener)
    return () => this.#returned.delete(listener)
  }

  listen<C extends Channel>(wish: Wish & { channel: C }, listener: (frame: Frames[C]) => void): () => void {
    const listeners = this.#listeners.get(wish.channel) ?? new Set()
    this.#listeners.set(wish.channel, listeners)
    listeners.add(listener as (frame: never) => void)
    this.#wishes.add(wish)
    this.#plan(0)
    return () => {
      listeners.delete(listener as (frame: never) => void)
      this.#wishes.delete(wish)
      this.#plan(0)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#source?.close()
    this.#source = undefined
    this.#url = ''
  }

  /** Wishes change together, as pages do: one new stream for all of them. */
  #plan(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#open(), ms)
  }

  #open(): void {
    if (this.#wishes.size === 0) return this.close()
    const wanted = new Set([...this.#wishes].map(({ channel }) => channel))
    const filters = new Set([...this.#wishes].flatMap(wish => wish.filters))
    const query = new URLSearchParams({ channels: channelNames.filter(name => wanted.has(name)).join(',') })
    for (const filter of filters) query.append('topic', filter)
    const url = `/events?${query}`
    if (url === this.#url && this.#source && this.#source.readyState !== EventSource.CLOSED) return
    this.#source?.close()
    this.#url = url
    const source = new EventSource(url)
    this.#source = source
    source.onopen = () => this.#become('open')
    source.onerror = () => {
      this.#become('lost')
      // A browser tries again by itself after a broken connection, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) this.#plan(retryMs)
    }
    for (const name of wanted)
      source.addEventListener(name, ({ data }: MessageEvent<string>) => this.#take(name, JSON.parse(data)))
  }

  #take(name: Channel, frame: unknown): void {
    if (name === 'metrics') {
      this.latest = frame as Frames['metrics']
      this.#tell()
    }
    for (const listener of this.#listeners.get(name) ?? []) listener(frame as never)
  }

  #become(state: LinkState): void {
    if (state === this.state) return
    const returned = state === 'open' && this.state === 'lost'
    this.state = state
    this.#tell()
    if (returned) for (const listener of this.#returned) listener()
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}

export const live = new Live()

export function useLinkState(): LinkState {
  return useSyncExternalStore(live.watch, () => live.state)
}

/** The numbers of the last second. */
export function useSample(): Sample | undefined {
  return useSyncExternalStore(live.watch, () => live.latest?.values)
}

/** Called with each frame of a channel while the component is shown. `filters` are for topics. */
export function useFrames<C extends Channel>(
  channel: C | undefined,
  listener: (frame: Frames[C]) => void,
  filters: readonly string[] = [],
): void {
  const latest = useRef(listener)
  latest.current = listener
  const wanted = filters.join('\0')
  useEffect(() => {
    if (channel === undefined) return undefined
    const wish = { channel, filters: wanted === '' ? [] : wanted.split('\0') }
    return live.listen(wish, frame => latest.current(frame))
  }, [channel, wanted])
}
