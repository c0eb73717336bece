import {
  BridgeFailure,
  type BridgePlugin,
  type DocumentTemplate,
  isRejected,
  type Rung,
  type SourceRecord,
  type Template,
} from '../../../kernel/plugin.ts'

export interface FarItem {
  readonly topic: string
  readonly value: string
  readonly id: string
  readonly via: string
  readonly clientid: string | undefined
  readonly username: string | undefined
}

interface To {
  readonly topic: Template
  readonly value: DocumentTemplate
}

/** A far side in this process, that does what a test says. */
export class FarSide {
  readonly items: FarItem[] = []
  readonly batches: number[] = []
  /** Throws to refuse a batch; may take a part of it. */
  taking: (items: readonly FarItem[]) => void | Promise<void> = () => {}
  ladder: readonly Rung[] = [{ name: 'login', ms: 1, ok: true, detail: 'as nobody' }]
  /** Records that an ingress reads, and how many of them it was told are stored. */
  readonly records: SourceRecord[] = []
  stored = 0
  opened = 0
  closed = 0
  #waiting: (() => void)[] = []

  get values(): string[] {
    return this.items.map(({ value }) => value)
  }

  /** Resolves when so many items have come. */
  async until(count: number): Promise<void> {
    await this.when(() => this.items.length >= count)
  }

  async when(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  /** Something a test may wait for has changed. */
  changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  add(...records: SourceRecord[]): void {
    this.records.push(...records)
    this.changed()
  }

  get plugin(): BridgePlugin<unknown, never, unknown, unknown> {
    const far = this
    return {
      kind: 'bridge',
      name: 'far',
      api: 1,
      options: { secret: { type: 'string', describe: 'One.', secret: true } },
      to: {
        topic: { type: 'template', describe: 'One.', default: '${topic}' },
        value: { type: 'document', describe: 'One.', default: '${payload}' },
      },
      from: { name: { type: 'string', describe: 'One.', default: 'x' } },
      open: async () => {
        far.opened++
        return {
          egress: (to: To) => ({
            prepare: scope => {
              const topic = to.topic.text(scope)
              if (isRejected(topic)) return topic
              const value = to.value.render(scope)
              if (isRejected(value)) return value
              const { id, via, clientid, username } = scope
              return { topic: topic ?? '', value: Buffer.from(value ?? '').toString(), id, via, clientid, username }
            },
            bytesOf: ({ value }: FarItem) => value.length,
            send: async (items: readonly FarItem[]) => {
              try {
                await far.taking(items)
              } catch (error) {
                if (error instanceof BridgeFailure) far.items.push(...error.taken.map(index => items[index] as FarItem))
                far.changed()
                throw error
              }
              far.batches.push(items.length)
              far.items.push(...items)
              far.changed()
            },
            close: async () => {},
          }),
          ingress: () => ({
            async *read(signal: AbortSignal, ready: () => void) {
              ready()
              signal.addEventListener('abort', () => far.changed())
              let at = far.stored
              while (!signal.aborted) {
                await far.when(() => signal.aborted || far.records.length > at)
                if (signal.aborted) return
                const records = far.records.slice(at, at + 100)
                at += records.length
                const end = at
                yield {
                  records,
                  stored: () => {
                    far.stored = end
                    far.changed()
                  },
                }
              }
            },
            close: async () => {},
          }),
          test: async function* () {
            yield* far.ladder
          },
          close: async () => {
            far.closed++
          },
        }
      },
    } as BridgePlugin<unknown, never, unknown, unknown>
  }
}
