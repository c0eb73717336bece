import { standingOf } from '../access/index.ts'
import type { ClientHost } from '../client-host.ts'
import type { Outcome, Peer, PeerHandler } from '../cluster/bus.ts'
import type { FrameReader } from '../cluster/frame-reader.ts'
import type { Exchange } from '../contract/access.ts'
import { BrokerError, isBrokerError } from '../contract/errors.ts'
import type { Events, Logger } from '../contract/observe.ts'
import type { ConnectionInfo } from '../contract/session.ts'
import type { Bound as BoundListener } from '../front.ts'
import type { TenantSpace } from '../space.ts'
import { readCrossing } from './crossing-message.ts'
import { Deliveries } from './deliveries.ts'
import { Replies } from './replies.ts'
import { ServedSession } from './served-session.ts'
import { ServedCaller, ServedSpace } from './served-space.ts'
import type { Takeovers } from './takeovers.ts'
import {
  type AdmitBody,
  asksOwner,
  asksWorker,
  type BindBody,
  type BoundBody,
  type CallerBody,
  type EndBody,
  type LoginBody,
  type OpenedBody,
  type PrincipalBody,
  type ReadyBody,
  type SessionBody,
  type StepBody,
  type TakenBody,
  toOwner,
  toWorker,
  type UnbindBody,
  type Welcome,
} from './words.ts'
import type { WorkerNumbers } from './worker-numbers.ts'

/** What a desk needs of the owner. */
export interface DeskHost {
  readonly logger: Logger
  readonly events: Events
  /** What a protocol's clients are served by. */
  hostOf(protocol: string): ClientHost
  welcome(): Welcome
  ready(desk: Desk, listeners: readonly BoundListener[]): void
  readonly takeovers: Takeovers
  connections(desk: Desk): void
  /** A publisher has to wait for what all of them share. */
  pressed(wait: Promise<void>): void
  lost(desk: Desk, reason: string): void
}

/** The owner's side of one worker: its clients' connections, spaces and sessions. */
export class Desk implements PeerHandler {
  readonly peer: Peer
  /** Open connections by listener. */
  readonly connections = new Map<string, number>()
  /** It serves clients. */
  ready = false
  /** It was asked to stop: its clients' sessions wait for the next start as they are. */
  stopping = false
  readonly #host: DeskHost
  readonly #numbers: WorkerNumbers
  readonly #deliveries: Deliveries
  readonly #replies: Replies
  readonly #callers = new Map<number, ServedCaller>()
  readonly #spaces = new Map<number, ServedSpace>()
  readonly #sessions = new Map<number, ServedSession>()
  #gone = false

  constructor(peer: Peer, host: DeskHost, numbers: WorkerNumbers) {
    this.peer = peer
    this.#host = host
    this.#numbers = numbers
    this.#deliveries = new Deliveries(peer)
    this.#replies = new Replies(peer)
    peer.serve(this)
  }

  frame(kind: number, body: FrameReader): void {
    switch (kind) {
      case toOwner.publish:
        return this.#publish(body)
      case toOwner.publishOnce:
        return this.#publishOnce(body)
      case toOwner.settle:
        return this.#sessions.get(body.varint())?.settle(body.varint(), body.uint8())
      case toOwner.note:
        return this.#note(body)
      case toOwner.release:
        return this.#release(body)
      case toOwner.grant:
        return this.#sessions.get(body.varint())?.grant(body.varint())
      case toOwner.hold:
        return this.#sessions.get(body.varint())?.clientSlow(true)
      case toOwner.resume:
        return this.#sessions.get(body.varint())?.clientSlow(false)
      case toOwner.consume:
        return this.#consume(body)
      case toOwner.charge:
        return this.#spaces.get(body.varint())?.throttle(body.varint())
      case toOwner.left:
        return this.#left(body.varint())
      case toOwner.system:
        return this.#system(body.varint(), body.string(), body.string())
      case toOwner.event:
        return this.#host.events.emit(body.name(), JSON.parse(body.string()) as Record<string, unknown>)
      case toOwner.counted:
        return this.#numbers.take(body)
      case toOwner.fence:
        return this.#replies.give(body.varint(), 0)
      case toOwner.connections:
        return this.#connected(body.name(), body.uint8() === 1 ? 1 : -1)
      default:
        throw new RangeError(`a worker says ${kind}`)
    }
  }

  asked(kind: number, body: unknown, answer: (outcome: Outcome) => void): void {
    this.#answer(kind, body, answer).catch((error: Error) => {
      if (!isBrokerError(error)) this.#host.logger.error({ error }, 'a question of a worker failed')
      answer({ error })
    })
  }

  /** Bodies are what `words.ts` says: worker and owner are of one version. */
  async #answer(kind: number, body: unknown, answer: (outcome: Outcome) => void): Promise<void> {
    switch (kind) {
      case asksOwner.hello:
        return answer({ value: this.#host.welcome() })
      case asksOwner.ready:
        this.#host.ready(this, (body as ReadyBody).listeners)
        return answer({ value: undefined })
      case asksOwner.login:
        return answer({ value: await this.#login(body as LoginBody) })
      case asksOwner.step:
        return answer({ value: await this.#step(body as StepBody) })
      case asksOwner.admit:
        return answer({ value: await this.#admit(body as AdmitBody) })
      case asksOwner.session:
        return answer({ value: await this.#open(body as SessionBody) })
      case asksOwner.bind:
        return this.#bind(body as BindBody, answer)
      case asksOwner.unbind:
        return this.#unbind(body as UnbindBody, answer)
      case asksOwner.end:
        return answer({ value: await this.#end(body as EndBody) })
      default:
        throw new RangeError(`a worker asks ${kind}`)
    }
  }

  drained(): void {
    this.#deliveries.drained()
  }

  leaving(): void {
    this.#replies.flush()
    this.#deliveries.turnEnded()
  }

  /** As if every client's connection had been cut, unless it was to stop. */
  lost(reason: string): void {
    this.#gone = true
    const callers = [...this.#callers.values()]
    this.#callers.clear()
    for (const caller of callers) caller.left()
    this.#spaces.clear()
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    if (!this.stopping) {
      for (const { hold } of sessions) {
        hold?.end({ will: 'publish' }).catch(error => {
          this.#host.logger.error({ error: String(error) }, 'a session could not be ended')
        })
      }
    }
    this.#numbers.forget()
    this.connections.clear()
    this.#host.lost(this, reason)
  }

  /** What other workers have of a listener. */
  tellElsewhere(listener: string, connections: number): void {
    const frame = this.peer.begin(toWorker.elsewhere)
    frame.name(listener)
    frame.varint(connections)
  }

  tell(what: 'careful' | 'traced', on: boolean): void {
    this.peer.begin(toWorker[what]).uint8(on ? 1 : 0)
  }

  tellAccess({ access }: Welcome): void {
    this.peer.begin(toWorker.access).string(JSON.stringify(access))
  }

  #publish(body: FrameReader): void {
    const served = this.#spaces.get(body.varint())
    const ticket = body.varint()
    const message = readCrossing(body)
    if (!served) return this.#replies.drop(ticket)
    try {
      this.#replies.give(ticket, served.space.publish(message))
    } catch (error) {
      this.#refuse(ticket, error, served.caller)
    }
    served.throttle(message.payloadBytes)
  }

  #publishOnce(body: FrameReader): void {
    const served = this.#sessions.get(body.varint())
    const ticket = body.varint()
    const id = body.varint()
    const message = readCrossing(body)
    if (!served?.hold) return this.#replies.drop(ticket)
    try {
      this.#replies.give(ticket, served.hold.publishOnce(message, id) ?? 1)
    } catch (error) {
      this.#refuse(ticket, error, served.space.caller)
    }
    served.space.throttle(message.payloadBytes)
  }

  /** A bug costs the client that met it its connection, and nobody else. */
  #refuse(ticket: number, error: unknown, caller: ServedCaller | undefined): void {
    if (!isBrokerError(error)) {
      this.#host.logger.error({ error }, 'a publish failed')
      caller?.close('internal error')
    }
    this.#replies.refuse(ticket, error)
  }

  #note(body: FrameReader): void {
    const served = this.#sessions.get(body.varint())
    const delivery = body.varint()
    const ticket = body.varint()
    if (!served) return this.#replies.drop(ticket)
    this.#replies.give(ticket, served.note(delivery, body.varint()) ?? 0)
  }

  #release(body: FrameReader): void {
    const served = this.#sessions.get(body.varint())
    const ticket = body.varint()
    if (!served?.hold) return this.#replies.drop(ticket)
    this.#replies.give(ticket, served.hold.release(body.varint()) ?? 0)
  }

  #consume(body: FrameReader): void {
    const served = this.#sessions.get(body.varint())
    const credit = body.varint()
    const info = JSON.parse(body.string()) as ConnectionInfo | null
    if (!served) return
    served.info = info ?? undefined
    served.consume(credit)
  }

  #left(connection: number): void {
    const caller = this.#callers.get(connection)
    if (!caller) return
    this.#callers.delete(connection)
    for (const space of caller.spaces) this.#spaces.delete(space)
    caller.left()
  }

  #system(number: number, protocol: string, tenant: string): void {
    const space = this.#host.hostOf(protocol).system(tenant)
    this.#spaces.set(number, this.#serve(number, space, undefined))
  }

  #serve(number: number, space: TenantSpace, caller: ServedCaller | undefined): ServedSpace {
    return new ServedSpace(this.peer, number, space, caller, wait => this.#host.pressed(wait))
  }

  #connected(listener: string, by: 1 | -1): void {
    this.connections.set(listener, (this.connections.get(listener) ?? 0) + by)
    this.#host.connections(this)
  }

  #callerOf({ connection, peer, listener }: CallerBody): ServedCaller {
    let caller = this.#callers.get(connection)
    if (!caller) {
      caller = new ServedCaller(this.peer, connection, peer, listener)
      this.#callers.set(connection, caller)
    }
    return caller
  }

  async #login(body: LoginBody): Promise<PrincipalBody> {
    const caller = this.#callerOf(body)
    const { user, clientId, password } = body.credentials
    const space = await this.#host.hostOf(body.protocol).login({ clientId, user, password }, caller)
    return this.#letIn(body.space, space, caller)
  }

  async #admit(body: AdmitBody): Promise<PrincipalBody> {
    const caller = this.#callerOf(body)
    const space = await this.#host.hostOf(body.protocol).admit(body.identity, body.clientId, caller)
    return this.#letIn(body.space, space, caller)
  }

  #letIn(number: number, space: TenantSpace, caller: ServedCaller): PrincipalBody {
    if (!caller.gone) {
      caller.spaces.push(number)
      this.#spaces.set(number, this.#serve(number, space, caller))
    }
    const { principal } = space
    const { clientId, tenant, address, expiresAt } = principal
    return { standing: standingOf(principal) ?? { user: principal.user }, clientId, tenant, address, expiresAt }
  }

  async #step(body: StepBody): Promise<Awaited<ReturnType<Exchange['step']>>> {
    const caller = this.#callerOf(body)
    let { exchange } = caller
    if (exchange?.number !== body.exchange) {
      const run = this.#host.hostOf(body.protocol).exchange(body.method, caller)
      if (!run) return 'denied'
      exchange = { number: body.exchange, run }
      caller.exchange = exchange
    }
    const answer = await exchange.run.step(body.data)
    if (answer === 'denied' || 'identity' in answer) caller.exchange = undefined
    return answer
  }

  async #open({ space, session: number, id, options }: SessionBody): Promise<OpenedBody> {
    const served = this.#spaces.get(space)
    if (!served) throw gone()
    const session = new ServedSession(number, id, served, this.peer, this.#deliveries)
    this.#sessions.set(number, session)
    try {
      const hold = await served.space.session(id, {
        ...options,
        taken: reason => this.#taken(session, reason),
        inspect: () => session.info ?? infoOf(served),
      })
      session.opened(hold)
      // Who had it before is told first: nobody ever sees two clients of one name.
      await this.#host.takeovers.of(session)
      if (this.#gone) await hold.end({ will: 'publish' })
      return { id: hold.id, resumed: hold.resumed, lasts: hold.lasts, held: [...hold.heldIds], notes: [...hold.notes] }
    } catch (error) {
      this.#sessions.delete(number)
      throw error
    }
  }

  #taken(session: ServedSession, reason: TakenBody['reason']): void {
    const { number } = session
    // Not of a worker that is lost.
    if (!this.#sessions.delete(number)) return
    const body: TakenBody = { session: number, reason }
    this.#host.takeovers.began(
      session,
      this.peer.request(asksWorker.taken, body).catch(() => {}),
    )
  }

  async #bind({ session, requests }: BindBody, answer: (outcome: Outcome) => void): Promise<void> {
    let told = false
    await this.#sessions.get(session)?.hold?.bind(requests, results => {
      told = true
      const value: BoundBody[] = results.map(({ binding, existed, error }) => {
        return { bound: binding !== undefined, existed, error: error && { code: error.code, message: error.message } }
      })
      // In this very turn: what is handed out because of it stands behind the answer.
      answer({ value })
    })
    if (!told) answer({ value: undefined })
  }

  async #unbind({ session, filters }: UnbindBody, answer: (outcome: Outcome) => void): Promise<void> {
    let told = false
    await this.#sessions.get(session)?.hold?.unbind(filters, existed => {
      told = true
      answer({ value: existed })
    })
    if (!told) answer({ value: undefined })
  }

  async #end({ session, will, expiresAfterMs }: EndBody): Promise<void> {
    const served = this.#sessions.get(session)
    this.#sessions.delete(session)
    await served?.hold?.end({ will, expiresAfterMs })
  }
}

function gone(): BrokerError {
  return new BrokerError('CLOSED', 'the connection is gone')
}

/** Until the worker has said more. */
function infoOf({ caller }: ServedSpace): ConnectionInfo {
  const { address = '', port = 0, secure = false } = caller?.peer ?? {}
  return { speaks: '', listener: caller?.listener ?? '', address, port, secure, connectedAt: 0, details: {} }
}
