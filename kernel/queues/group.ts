import { permits } from '../access/index.ts'
import type { Message } from '../contract/message.ts'
import type { StoredReference } from '../spool/record.ts'
import type { Holder } from '../spool/spool.ts'
import type { BoundFilter } from './bound-filter.ts'
import { MatchedVia } from './bound-filter.ts'
import { leastOf, sizeOf, type Unsettled } from './delivery.ts'
import type { Queue } from './queue.ts'
import type { QueueHost } from './queue-host.ts'
import { UnsettledList } from './unsettled-list.ts'
import { Waiting } from './waiting.ts'

interface Member {
  readonly queue: Queue
  binding: BoundFilter
}

/** What a group's references carry while no member has taken them: the highest guarantee, cut by the member's own. */
const anyMember = new MatchedVia([], false)
Object.assign(anyMember, { guarantee: 2 })

/**
 * A shared group: one queue, many members. Each message goes to the next member, in turn, that has credit and nothing
 * waiting; it waits here only while there is none.
 */
export class Group implements Holder {
  /** Its name in the spool; 0 while no member is stored there. */
  id: number
  readonly name: string
  readonly filter: string
  /** Members whose bindings are being stored. */
  preparing = 0
  readonly #host: QueueHost
  readonly #members: Member[] = []
  #turn = 0
  readonly #waiting: Waiting
  readonly #returned: UnsettledList
  #pumping = false
  #ended = false

  constructor(host: QueueHost, name: string, filter: string, id: number) {
    this.#host = host
    this.name = name
    this.filter = filter
    this.id = id
    this.#waiting = new Waiting(host, this)
    this.#returned = new UnsettledList(host.memory.parts.queues)
  }

  get via(): MatchedVia {
    return anyMember
  }

  get depth(): number {
    return this.#waiting.length + this.#returned.length
  }

  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  get consumed(): boolean {
    return this.#members.some(member => member.queue.consumed)
  }

  /** It is nobody's alone. */
  get principal(): undefined {
    return undefined
  }

  get empty(): boolean {
    return this.#members.length === 0
  }

  hasOther(queue: Queue): boolean {
    return this.#members.some(member => member.queue !== queue && member.queue.consumed)
  }

  join(queue: Queue, binding: BoundFilter): void {
    const member = this.#members.find(held => held.queue === queue)
    if (member) member.binding = binding
    else this.#members.push({ queue, binding })
    queue.joined(this)
    this.pump()
  }

  leave(queue: Queue): void {
    const at = this.#members.findIndex(member => member.queue === queue)
    if (at === -1) return
    this.#members.splice(at, 1)
    queue.left(this)
  }

  offer(message: Message, offset: number): void {
    if (this.#returned.length === 0 && this.#waiting.length === 0 && this.#give(message, offset)) return
    if (message.guarantee === 0 && !this.consumed) this.#host.drop('offline', message, undefined)
    else this.#waiting.push(offset === -1 ? message.own() : offset, anyMember, sizeOf(message))
  }

  /** Hands out what waits, while members have credit. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#pumpOne());
    } finally {
      this.#pumping = false
    }
  }

  #pumpOne(): boolean {
    const returned = this.#returned.first
    if (returned) {
      if (!this.#give(returned.message, returned.offset)) return false
      this.#returned.remove(returned)
      return true
    }
    const message = this.#waiting.length > 0 ? this.#waiting.first() : undefined
    if (!message) return false
    const offset = this.#waiting.offset
    if (!this.#give(message, offset)) return false
    this.#waiting.shift()
    return true
  }

  /** True when the message is out of the group's hands. */
  #give(message: Message, offset: number): boolean {
    if (message.expiresAt !== undefined && message.expiresAt < this.#host.clock.now()) {
      this.#host.drop('expired', message, undefined)
      this.settled(offset)
      return true
    }
    const members = this.#members
    for (let tried = 0; tried < members.length; tried++) {
      const at = (this.#turn + tried) % members.length
      const { queue, binding } = members[at] as Member
      const guarantee = leastOf(message.guarantee, binding.options.guarantee)
      if (!queue.ready(guarantee) || !permits(queue.principal, 'receive', message.topic)) continue
      this.#turn = at + 1
      queue.adopt(message, binding.live, guarantee, offset, this)
      return true
    }
    return false
  }

  settled(offset: number): void {
    if (offset !== -1) this.#host.spool?.settle(this.id, offset)
  }

  /** What a member left unsettled goes to the others, before what is newer. */
  giveBack(deliveries: readonly Unsettled[]): void {
    this.#returned.addFirst(deliveries)
    // Its last member may have left it before it left what it had taken.
    if (this.#ended) this.#giveUp()
    else this.pump()
  }

  retract(offset: number): void {
    this.#waiting.retract(offset)
    for (const delivery of [...this.#returned]) if (delivery.offset === offset) this.#returned.remove(delivery)
    for (const { queue } of this.#members) queue.retract(offset)
  }

  /** What of the spool below an offset waits here. */
  *stored(below: number): Generator<StoredReference> {
    for (const { offset, guarantee, note } of this.#returned) {
      if (offset !== -1 && offset < below) yield { queueId: this.id, offset, guarantee, via: anyMember, note }
    }
    for (const { offset } of this.#waiting.stored(below)) {
      yield { queueId: this.id, offset, guarantee: 2, via: anyMember, note: 0 }
    }
  }

  restore(references: Iterable<{ offset: number; bytes: number }>): void {
    for (const { offset, bytes } of references) this.#waiting.push(offset, anyMember, bytes)
  }

  /** The last member left for good: what nobody took is given up. */
  end(): void {
    this.#ended = true
    this.#giveUp()
  }

  #giveUp(): void {
    const returned = this.#returned.drain()
    this.#host.dropAll('session-ended', returned.length, undefined)
    for (const { offset } of returned) this.settled(offset)
    this.#waiting.clear()
  }
}
