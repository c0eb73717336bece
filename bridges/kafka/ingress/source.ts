import type { BridgeSource, SourceBatch } from '../../../kernel/plugin.ts'
import { BridgeFailure } from '../../../kernel/plugin.ts'
import type { Cluster } from '../cluster.ts'
import { KafkaError, LinkError, wantsMending } from '../wire/failure.ts'
import type { FetcherOptions, Piece } from './fetcher.ts'
import { Fetcher } from './fetcher.ts'
import type { GroupOptions, Share } from './membership.ts'
import { GroupMember, rebalanceInProgress } from './membership.ts'
import { Positions } from './positions.ts'

/** What is being stored when the group is divided anew is waited for, so that nobody reads it again. */
const settleWithinMs = 5_000
/** The last commit and the good-bye: a stop must not wait for a cluster that is gone. */
const partWithinMs = 1_500

export type SourceOptions = FetcherOptions & GroupOptions

/** Reads a topic as a member of a group. An offset is committed when the record before it is stored. */
export class KafkaSource implements BridgeSource {
  readonly #cluster: Cluster
  readonly #options: SourceOptions
  readonly #fetcher: Fetcher
  readonly #member: GroupMember
  readonly #positions: Positions
  /** Handed over and not yet stored, by this reading. */
  #open = { batches: 0, settled: () => {} }

  constructor(cluster: Cluster, options: SourceOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#fetcher = new Fetcher(cluster, options)
    this.#member = new GroupMember(cluster, options)
    this.#positions = new Positions(offsets => this.#member.commit(offsets))
  }

  async *read(signal: AbortSignal, ready: () => void): AsyncGenerator<SourceBatch> {
    // What an earlier reading handed over and was not stored has to come again.
    this.#positions.clear()
    this.#open = { batches: 0, settled: () => {} }
    try {
      while (!signal.aborted) {
        const share = await this.#join(signal)
        if (share === undefined) return
        ready()
        yield* this.#readShare(share, signal)
        if (!signal.aborted) await this.#settle()
      }
    } catch (error) {
      if (!signal.aborted) throw failureOf(error)
    } finally {
      this.#member.rest()
      await this.#within(partWithinMs, this.#positions.flushed())
    }
  }

  async close(): Promise<void> {
    await this.#within(partWithinMs, this.#positions.flushed())
    await this.#within(partWithinMs, this.#member.leave())
    await this.#cluster.close()
  }

  async #join(signal: AbortSignal): Promise<Share | undefined> {
    const joining = this.#member.join()
    const share = await orAborted(joining, signal)
    if (share === undefined) return undefined
    if (this.#member.kept) this.#positions.keepOnly(share.partitions)
    else this.#positions.clear()
    await this.#begin(share.partitions)
    return share
  }

  /** Where the group was, else where the options say; that is committed, so that a restart does not decide again. */
  async #begin(partitions: readonly number[]): Promise<void> {
    const wanted = partitions.filter(partition => this.#positions.get(partition) === undefined)
    if (wanted.length === 0) return
    const committed = await this.#member.committed(wanted)
    for (const [partition, offset] of committed) this.#positions.set(partition, offset)
    const fresh = wanted.filter(partition => !committed.has(partition))
    for (const [partition, offset] of await this.#fetcher.bounds(fresh, this.#options.from)) {
      this.#positions.set(partition, offset)
      this.#positions.stored(partition, offset)
    }
  }

  /** Until the group is divided anew. A partition is asked for more when what it brought was handed over. */
  async *#readShare(share: Share, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    const partitions = this.#fetcher.partitions
    const answers: { node: number; asked: readonly number[]; pieces: readonly Piece[] }[] = []
    const nodes = new Set<number>()
    const busy = new Set<number>()
    const state: { over: boolean; failure?: unknown; wake(): void } = { over: false, wake() {} }
    const wake = () => state.wake()
    const fail = (error: unknown) => {
      state.over = true
      state.failure ??= error
      wake()
    }
    const ask = (node: number, asked: readonly number[]) => {
      nodes.add(node)
      for (const partition of asked) busy.add(partition)
      const from = asked.map(partition => ({ partition, offset: this.#positions.get(partition) ?? 0n }))
      this.#fetcher.fetch(node, from).then(pieces => {
        answers.push({ node, asked, pieces })
        wake()
      }, fail)
    }
    share.over.then(() => {
      state.over = true
      wake()
    }, fail)
    signal.addEventListener('abort', wake)
    try {
      while (!state.over && !signal.aborted) {
        await this.#begin(share.partitions)
        const known = share.partitions.filter(one => !busy.has(one) && this.#positions.get(one) !== undefined)
        for (const [node, asked] of await this.#fetcher.byLeader(known)) if (!nodes.has(node)) ask(node, asked)
        // More partitions than were divided: all have to join again.
        if (this.#fetcher.partitions !== partitions) return
        if (nodes.size === 0) await this.#fetcher.pause()
        else if (answers.length === 0 && !state.over && !signal.aborted) {
          await new Promise<void>(resolve => {
            state.wake = resolve
          })
        }
        this.#checkCommits()
        for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
          for (const piece of answer.pieces) {
            this.#positions.set(piece.partition, piece.upTo)
            if (piece.records.length > 0) yield this.#handOver(piece)
          }
          nodes.delete(answer.node)
          for (const partition of answer.asked) busy.delete(partition)
        }
      }
      if (state.failure !== undefined) throw state.failure
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  #handOver({ partition, records, upTo }: Piece): SourceBatch {
    const open = this.#open
    open.batches++
    return {
      records,
      stored: () => {
        this.#positions.stored(partition, upTo)
        if (--open.batches === 0) open.settled()
      },
    }
  }

  /** @throws what the last commit failed with, unless it is made again after the next division of the group */
  #checkCommits(): void {
    const failed = this.#positions.takeFailure()
    if (failed === undefined || (failed instanceof KafkaError && failed.code === rebalanceInProgress)) return
    throw failed
  }

  async #settle(): Promise<void> {
    const open = this.#open
    if (open.batches > 0) {
      const settled = new Promise<void>(resolve => {
        open.settled = resolve
      })
      await this.#within(settleWithinMs, settled)
    }
    await this.#within(settleWithinMs, this.#positions.flushed())
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel = () => {}
    const late = new Promise<void>(resolve => {
      cancel = this.#options.clock.after(ms, resolve)
    })
    await Promise.race([work.catch(() => {}), late])
    cancel()
  }
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof KafkaError || error instanceof LinkError)) return error
  return new BridgeFailure(error.message, { wants: wantsMending(error) ? 'mend' : 'repeat', cause: error })
}

/** Undefined when the signal comes first. */
async function orAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
  if (signal.aborted) return undefined
  let stop = () => {}
  const aborted = new Promise<undefined>(resolve => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
