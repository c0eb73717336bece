import { randomBytes } from 'node:crypto'
import type { Table } from '../contract/table.ts'

const identityKey = 'identity'
const pausedKey = (bridge: string): string => `paused\0${bridge}`

/** What is kept of bridges beside their messages: who is paused, and what this node is called on messages that went through it. */
export class Marks {
  readonly #table: Table
  readonly #paused: Set<string>
  /** Tells this node from others of its name. The same after a restart, so that what came through it is known again. */
  readonly identity: string

  private constructor(table: Table, identity: string, paused: Set<string>) {
    this.#table = table
    this.identity = identity
    this.#paused = paused
  }

  static async open(table: Table): Promise<Marks> {
    const paused = new Set<string>()
    const prefix = pausedKey('')
    for await (const { key } of table.range(prefix, 'paused\x01')) paused.add(key.slice(prefix.length))
    const kept = await table.get(identityKey)
    const identity = kept ? Buffer.from(kept.value).toString() : randomBytes(4).toString('hex')
    if (!kept) await table.write([{ key: identityKey, value: Buffer.from(identity) }])
    return new Marks(table, identity, paused)
  }

  isPaused(bridge: string): boolean {
    return this.#paused.has(bridge)
  }

  async setPaused(bridge: string, paused: boolean): Promise<void> {
    const key = pausedKey(bridge)
    await this.#table.write([paused ? { key, value: Buffer.from('1') } : { key, value: undefined }])
    if (paused) this.#paused.add(bridge)
    else this.#paused.delete(bridge)
  }
}
