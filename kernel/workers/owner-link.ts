import type { Permissions, PublishRate } from '../access/index.ts'
import type { Peer, PeerHandler } from '../cluster/bus.ts'
import type { FrameReader } from '../cluster/frame-reader.ts'
import type { FrameWriter } from '../cluster/frame-writer.ts'
import { errorOf } from '../cluster/question.ts'
import type { Credentials, Exchange, Identity, Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import type { Caller } from '../contract/connection.ts'
import type { Guarantee, Message } from '../contract/message.ts'
import type { Logger } from '../contract/observe.ts'
import type { Via } from '../contract/queue.ts'
import type { Session, SessionOptions } from '../contract/session.ts'
import type { Space } from '../contract/space.ts'
import { Deferred } from '../deferred.ts'
import type { Limits } from '../limits.ts'
import { connectionRate } from '../publish-rates.ts'
import { checkTopic } from '../routing/topic.ts'
import { systemPrincipal } from '../space.ts'
import { defaultTenant } from '../tenant.ts'
import { readCrossing, writeCrossing } from './crossing-message.ts'
import { Numbered } from './numbered.ts'
import { RemoteSession } from './remote-session.ts'
import { RemoteSpace } from './remote-space.ts'
import {
  type AdmitBody,
  asksOwner,
  asksWorker,
  type CallerBody,
  deliveryForm,
  type LoginBody,
  type OpenedBody,
  type PrincipalBody,
  type SessionBody,
  type StepBody,
  type TakenBody,
  toOwner,
  toWorker,
} from './words.ts'

/** A session from the moment it is asked for: it may be taken away before the answer has come. */
interface Known {
  readonly taken: SessionOptions['taken']
  session: RemoteSession | undefined
}

/** What the owner tells a worker besides what concerns its clients. */
export interface WorkerDuties {
  readonly permissions: Permissions
  readonly logger: Logger
  readonly limits: Limits
  /** Methods of challenge and response. */
  readonly methods: readonly string[]
  readonly charges: boolean
  readonly clock: Clock
  elsewhere(listener: string, connections: number): void
  asked(kind: number, body: unknown): Promise<unknown>
  lost(reason: string): void
  leaving(): void
}

/** A worker's side of its link to the owner: who its clients are to it, and what it says to them. */
export class OwnerLink implements PeerHandler {
  readonly peer: Peer
  /** What all may publish, or hold in memory, is used up: who publishes hears of it before the next message. */
  careful = false
  /** Somebody traces: the owner is to see also what will be refused. */
  traced = false
  #duties: WorkerDuties | undefined
  readonly #tickets = new Numbered<Deferred<number>>()
  readonly #connections = new Map<Caller, number>()
  readonly #callers = new Map<number, Caller>()
  /** By connection, the space it was let into. */
  readonly #spacesOf = new Map<number, number>()
  readonly #spaces = new Map<number, RemoteSpace>()
  readonly #systems = new Map<string, RemoteSpace>()
  readonly #sessions = new Map<number, Known>()
  #lastConnection = 0
  #lastSpace = 0
  #lastSession = 0
  #lastExchange = 0
  #drain: Deferred | undefined

  constructor(peer: Peer) {
    this.peer = peer
    peer.serve(this)
  }

  begin(duties: WorkerDuties): void {
    this.#duties = duties
  }

  get #ready(): WorkerDuties {
    if (!this.#duties) throw new Error('the owner spoke before its welcome')
    return this.#duties
  }

  get charges(): boolean {
    return this.#ready.charges
  }

  /** What every publisher has to wait for while the owner does not keep up. */
  get congested(): Promise<void> | undefined {
    if (!this.#drain && !this.peer.slow()) return undefined
    this.#drain ??= new Deferred()
    return this.#drain.promise
  }

  get #rate(): PublishRate | undefined {
    return connectionRate(this.#ready.clock, this.#ready.limits)
  }

  pause(ms: number): Promise<void> {
    return new Promise(resolve => this.#ready.clock.after(ms, resolve))
  }

  #lastTopic = ''

  /** @throws BrokerError TOPIC_INVALID */
  checkTopic(topic: string): void {
    if (topic === this.#lastTopic) return
    checkTopic(topic, this.#ready.limits)
    this.#lastTopic = topic
  }

  /** Writes a ticket into the frame; the promise is what becomes of it. */
  awaited(frame: FrameWriter): Promise<number> {
    const awaited = new Deferred<number>()
    frame.varint(this.#tickets.add(awaited))
    // Whoever does not wait does not hear of a refusal either.
    awaited.promise.catch(() => {})
    return awaited.promise
  }

  write(frame: FrameWriter, message: Message): void {
    writeCrossing(frame, message)
  }

  async login(protocol: string, credentials: Credentials, caller: Caller): Promise<Space> {
    const space = ++this.#lastSpace
    const body: LoginBody = { ...this.#callerOf(caller), protocol, space, credentials }
    return this.#letIn(body, (await this.peer.request(asksOwner.login, body)) as PrincipalBody)
  }

  async admit(protocol: string, identity: Identity, clientId: string, caller: Caller): Promise<Space> {
    const space = ++this.#lastSpace
    const body: AdmitBody = { ...this.#callerOf(caller), protocol, space, identity, clientId }
    return this.#letIn(body, (await this.peer.request(asksOwner.admit, body)) as PrincipalBody)
  }

  exchange(protocol: string, method: string, caller: Caller): Exchange | undefined {
    if (!this.#ready.methods.includes(method)) return undefined
    const exchange = ++this.#lastExchange
    return {
      step: async data => {
        const body: StepBody = { ...this.#callerOf(caller), protocol, exchange, method, data }
        return (await this.peer.request(asksOwner.step, body)) as Awaited<ReturnType<Exchange['step']>>
      },
    }
  }

  system(protocol: string, tenant = defaultTenant): Space {
    const key = `${protocol}\0${tenant}`
    const known = this.#systems.get(key)
    if (known) return known
    const number = ++this.#lastSpace
    const space = new RemoteSpace(this, number, systemPrincipal(tenant))
    this.#systems.set(key, space)
    this.#spaces.set(number, space)
    const frame = this.peer.begin(toOwner.system)
    frame.varint(number)
    frame.string(protocol)
    frame.string(tenant)
    return space
  }

  openSession(space: number, id: string, { taken, inspect, ...options }: SessionOptions): Promise<Session> {
    const number = ++this.#lastSession
    const known: Known = { taken, session: undefined }
    this.#sessions.set(number, known)
    const { clean, expiresAfterMs, will } = options
    const body: SessionBody = {
      space,
      session: number,
      id,
      options: { clean, expiresAfterMs, ...(will && { will }) },
    }
    return new Promise((resolve, reject) => {
      this.peer.ask(asksOwner.session, body, outcome => {
        if ('error' in outcome) {
          this.#sessions.delete(number)
          return reject(outcome.error)
        }
        // Made before anything behind the answer is looked at: the next frame may take it away.
        known.session = new RemoteSession(this, number, outcome.value as OpenedBody, inspect)
        // Or it has been taken already, while the owner was writing it down.
        if (!this.#sessions.has(number)) known.session.lose()
        resolve(known.session)
      })
    })
  }

  forget(session: number): void {
    this.#sessions.delete(session)
  }

  /** A client's connection is gone. */
  left(caller: Caller): void {
    const connection = this.#connections.get(caller)
    if (connection === undefined) return
    this.#connections.delete(caller)
    this.#callers.delete(connection)
    const space = this.#spacesOf.get(connection)
    this.#spacesOf.delete(connection)
    if (space !== undefined) this.#spaces.delete(space)
    this.peer.begin(toOwner.left).varint(connection)
  }

  frame(kind: number, body: FrameReader): void {
    switch (kind) {
      case toWorker.deliver:
        return this.#deliver(body)
      case toWorker.done:
        return this.#done(body)
      case toWorker.failed:
        return this.#failed(body)
      case toWorker.dropped:
        this.#tickets.take(body.varint())
        return
      case toWorker.throttle:
        return this.#spaces.get(body.varint())?.wait(body.uint8() === 1)
      case toWorker.close:
        return this.#callers.get(body.varint())?.close(body.string())
      case toWorker.elsewhere:
        return this.#ready.elsewhere(body.name(), body.varint())
      case toWorker.careful:
        this.careful = body.uint8() === 1
        return
      case toWorker.traced:
        this.traced = body.uint8() === 1
        return
      case toWorker.access:
        return this.#ready.permissions.replace(JSON.parse(body.string()))
      default:
        throw new RangeError(`the owner says ${kind}`)
    }
  }

  asked(kind: number, body: unknown, answer: Parameters<PeerHandler['asked']>[2]): void {
    if (kind === asksWorker.taken) {
      this.#taken(body as TakenBody)
      return answer({ value: undefined })
    }
    this.#ready.asked(kind, body).then(
      value => answer({ value }),
      (error: Error) => answer({ error }),
    )
  }

  drained(): void {
    this.#drain?.resolve()
    this.#drain = undefined
  }

  leaving(): void {
    this.#duties?.leaving()
  }

  lost(reason: string): void {
    // What waits for an answer gets none: whether it was done, nobody knows, and a client that is told nothing asks again.
    this.#tickets.drain()
    this.drained()
    for (const space of this.#spaces.values()) space.wait(false)
    this.#duties?.lost(reason)
  }

  #deliver(body: FrameReader): void {
    const message = readCrossing(body)
    while (body.more) {
      const session = body.varint()
      const form = body.varint()
      const note = form & deliveryForm.noted ? body.varint() : 0
      const via = form & deliveryForm.newVia ? readVia(body) : undefined
      try {
        this.#sessions.get(session)?.session?.deliver(message, form, note, via)
      } catch (error) {
        // One client's, whatever it is: the others get the message.
        this.#ready.logger.error({ error }, 'a delivery failed')
      }
    }
  }

  #done(body: FrameReader): void {
    const first = body.varint()
    const count = body.varint()
    const reached = body.varint()
    for (let ticket = first; ticket < first + count; ticket++) this.#tickets.take(ticket)?.resolve(reached)
  }

  #failed(body: FrameReader): void {
    const first = body.varint()
    const count = body.varint()
    const error = errorOf(body.string(), body.string())
    for (let ticket = first; ticket < first + count; ticket++) this.#tickets.take(ticket)?.reject(error)
  }

  #taken({ session, reason }: TakenBody): void {
    const known = this.#sessions.get(session)
    if (!known) return
    this.#sessions.delete(session)
    known.session?.lose()
    known.taken(reason)
  }

  /** Its number, given out when the owner first hears of it. */
  #callerOf(caller: Caller): CallerBody {
    let connection = this.#connections.get(caller)
    if (connection === undefined) {
      connection = ++this.#lastConnection
      this.#connections.set(caller, connection)
      this.#callers.set(connection, caller)
    }
    const { peer, listener } = caller
    return { connection, peer, listener }
  }

  #letIn({ connection, space: number }: { connection: number; space: number }, body: PrincipalBody): Space {
    const space = new RemoteSpace(this, number, this.#principalOf(body), this.#rate)
    // Gone meanwhile, it is not listed, and nobody will look for it.
    if (this.#callers.has(connection)) {
      this.#spacesOf.set(connection, number)
      this.#spaces.set(number, space)
    }
    return space
  }

  #principalOf({ standing, clientId, tenant, address, expiresAt }: PrincipalBody): Principal {
    const identity: Identity = { ...standing, tenant, ...(expiresAt !== undefined && { expiresAt }) }
    return this.#ready.permissions.principal(identity, { clientId, tenant, address })
  }
}

function readVia(body: FrameReader): Via {
  const guarantee = body.uint8() as Guarantee
  const replay = body.uint8() === 1
  return { bindings: JSON.parse(body.string()) as Via['bindings'], guarantee, replay, cache: undefined }
}
