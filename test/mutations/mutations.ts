/** One planted fault: a piece of the source that is replaced, and the quickest test that has to notice. */
export interface Mutation {
  readonly fault: string
  readonly file: string
  /** Occurs once in the file. */
  readonly find: string
  readonly replace: string
  readonly killer: Killer
}

export interface Killer {
  readonly file: string
  /** Of one test; default: all of the file. */
  readonly name?: string
  readonly env?: Readonly<Record<string, string>>
}

const simulation: Killer = { file: 'test/simulation/simulation.test.ts', env: { SEEDS: '150' } }
const begun = (name: string): Killer => ({ file: 'test/faults/begun.test.ts', name })
const authorisation = (name: string): Killer => ({ file: 'test/hostile/authorisation.test.ts', name })

export const mutations: readonly Mutation[] = [
  {
    fault: 'a commit is not synced',
    file: 'storage-plugins/file/tail.ts',
    find: '      await this.#file.sync()\n    } catch (error) {\n      throw health.fail(segment.path, error)\n    }\n    enter',
    replace: '    } catch (error) {\n      throw health.fail(segment.path, error)\n    }\n    enter',
    killer: simulation,
  },
  {
    fault: 'the directory of a new segment is not synced',
    file: 'storage-plugins/file/tail.ts',
    find: '    await file.sync()\n    await disk.syncDirectory(directory)\n',
    replace: '    await file.sync()\n',
    killer: simulation,
  },
  {
    fault: 'a snapshot gets its name before it is synced',
    file: 'storage-plugins/file/frame-writer.ts',
    find: '    await this.#file.sync()\n',
    replace: '',
    killer: { file: 'test/storage-plugins/file-crash.test.ts' },
  },
  {
    fault: 'what a start finds is not synced before it is built upon',
    file: 'storage-plugins/file/recovery.ts',
    find: '    else await file.sync()\n',
    replace: '',
    killer: { file: 'test/storage-plugins/file-crash.test.ts', name: 'what a start finds' },
  },
  {
    fault: 'a torn end of the log counts as valid',
    file: 'storage-plugins/file/scan.ts',
    find: 'if (crc !== header.crc) return',
    replace: 'if (crc === -1) return',
    killer: { file: 'test/storage-plugins/file-crash.test.ts' },
  },
  {
    fault: 'a publish is acknowledged before its commit',
    file: 'kernel/spool/spool.ts',
    find: '      () => this.#committed(batch),\n',
    replace:
      '      () => this.#committed(batch),\n    )\n    batch.done.resolve()\n    void appended.then(\n      () => {},\n',
    killer: simulation,
  },
  {
    fault: 'a refused commit leaves its references with those who hold them',
    file: 'kernel/spool/spool.ts',
    find: '        for (const holder of holders) holder.retract(offset)\n',
    replace: '        void holders\n',
    killer: simulation,
  },
  {
    fault: 'the identifier of a QoS 2 publish is not stored with it',
    file: 'kernel/spool/spool.ts',
    find: 'writeStored(this.#writer, message.keep(), targets, once)',
    replace: 'writeStored(this.#writer, message.keep(), targets, undefined)',
    killer: simulation,
  },
  {
    fault: 'PUBCOMP comes before the release of its identifier is stored',
    file: 'kernel/sessions/session-hold.ts',
    find: '    return spool.commit\n',
    replace: '    return undefined\n',
    killer: simulation,
  },
  {
    fault: 'QoS 2 is delivered, and released, before that is stored',
    file: 'kernel/queues/delivery.ts',
    find: '    return commit\n',
    replace: '    return undefined\n',
    killer: simulation,
  },
  {
    fault: 'a member takes a message from its group, and nobody writes that down',
    file: 'kernel/queues/queue.ts',
    find: '      this.#host.spool?.move(group.id, this.id, offset, 2, via)\n      delivery.holderId = this.id\n',
    replace: '      delivery.holderId = group.id\n',
    killer: simulation,
  },
  {
    fault: 'the log is trimmed by a block too many',
    file: 'kernel/spool/ledger.ts',
    find: 'return Math.max(first, block * blockSize)',
    replace: 'return Math.max(first, (block + 1) * blockSize)',
    killer: { file: 'test/kernel/spool/ledger.test.ts' },
  },
  {
    fault: 'a relocated message takes its old note along',
    file: 'kernel/spool/relocation.ts',
    find: 'note: this.#noted.get(keyOf(queueId, offset)) ?? note',
    replace: 'note',
    killer: { file: 'test/kernel/spool/relocation-notes.test.ts' },
  },
  {
    fault: 'an identifier that a restart interrupted is given to another delivery',
    file: 'protocols/mqtt/connection/outgoing.ts',
    find: ' || this.#reserved?.has(packetId)',
    replace: '',
    killer: begun('an identifier of what a restart interrupted'),
  },
  {
    fault: 'what waits to be delivered again takes the QoS of its subscription as it is by now',
    file: 'kernel/sessions/recover.ts',
    find: 'new MatchedVia(bindings, replay, guarantee)',
    replace: 'new MatchedVia(bindings, replay)',
    killer: begun('a delivery that was begun keeps its QoS'),
  },
  {
    fault: 'a refused message stays among those that were read ahead',
    file: 'kernel/queues/waiting.ts',
    find: '    this.#loaded?.delete(offset)\n    this.#outdated',
    replace: '    this.#outdated',
    killer: { file: 'test/kernel/queues/waiting.test.ts' },
  },
  {
    fault: 'the end of a subscription is not stored',
    file: 'kernel/sessions/bindings.ts',
    find: '    if (changes.length > 0) await this.#sessions.write(changes)\n    if (!this.#isLive(session)) return\n    if',
    replace: '    if (!this.#isLive(session)) return\n    if',
    killer: simulation,
  },
  {
    fault: 'SUBACK comes before the subscription is stored',
    file: 'kernel/sessions/bindings.ts',
    find: 'if (changes.length > 0) await this.#store(',
    replace: 'if (changes.length > 0) void this.#store(',
    killer: simulation,
  },
  {
    fault: 'CONNACK comes before the session is stored',
    file: 'kernel/sessions/sessions.ts',
    find: 'if (changes.length > 0) await this.#replace(key, changes)',
    replace: 'if (changes.length > 0) void this.#replace(key, changes).catch(() => {})',
    killer: simulation,
  },
  {
    fault: 'when a connection ended is not stored, and the expiry of its session lost',
    file: 'kernel/sessions/sessions.ts',
    find: 'const written = session.stored ? this.ends.store(session) : undefined',
    replace: 'const written = undefined',
    killer: simulation,
  },
  {
    fault: 'an end that a start found is not stored, and a crash loop keeps its session for ever',
    file: 'kernel/sessions/recover.ts',
    find: 'if (!known) ended.push(session)',
    replace: 'if (known) ended.push(session)',
    killer: { file: 'test/faults/ends.test.ts' },
  },
  {
    fault: 'a bridge sends what a loss of power could still take back',
    file: 'kernel/bridging/bridge.ts',
    find: 'if (!spool?.isDurable(offset)) await spool?.commit.catch(() => {})',
    replace: 'void offset',
    killer: { file: 'test/faults/bridge-commit.test.ts' },
  },
  {
    fault: 'a will that was refused counts as published, once the log is written again',
    file: 'kernel/exchange.ts',
    find: '      this.due.delete(dueId)\n      throw error\n',
    replace: '      throw error\n',
    killer: { file: 'test/faults/will-refused.test.ts' },
  },
  {
    fault: 'a will goes out without its number, and a second time after a crash',
    file: 'kernel/sessions/wills.ts',
    find: 'this.#message(session, will), willId)',
    replace: 'this.#message(session, will), 0)',
    killer: simulation,
  },
  {
    fault: 'a retained value is acknowledged before it is stored',
    file: 'kernel/retained/retained.ts',
    find: '    return this.#write(tenantName, topic, before, kept)\n',
    replace: '    void this.#write(tenantName, topic, before, kept)?.catch(() => {})\n    return undefined\n',
    killer: simulation,
  },
  {
    fault: 'QoS 2 knows a retained publish that is not retained yet',
    file: 'kernel/exchange.ts',
    find: 'if (retaining && ends) spool?.after(retaining)',
    replace: 'void ends',
    killer: begun('the log takes the identifier of a retained publish only when its value is stored'),
  },
  {
    fault: 'a delayed message is published, and its end not stored',
    file: 'kernel/schedule/delayed.ts',
    find: "typeof reference === 'number' ? spool?.finish(this.id, reference) : undefined",
    replace: 'spool?.commit',
    killer: simulation,
  },
  {
    fault: 'a delayed message is acknowledged before it is stored',
    file: 'kernel/schedule/delayed.ts',
    find: '    return spool.commit.then(\n',
    replace: '    return Promise.resolve().then(\n',
    killer: simulation,
  },
  {
    fault: 'a clean start is answered while rows of the old session are left',
    file: 'kernel/sessions/sessions.ts',
    find: 'changes.push(this.nextNumber)\n    try',
    replace: 'void 0\n    try',
    killer: { file: 'test/faults/disk-error.test.ts', name: 'a clean start is answered only when' },
  },
  {
    fault: 'a publish that found no room is acknowledged as taken',
    file: 'protocols/mqtt/connection/acknowledgement-order.ts',
    find: 'this.#host.refusalCode(outcome.error)',
    replace: 'this.#host.codeOf(type, 1)',
    killer: { file: 'test/faults/disk-full.test.ts' },
  },
  {
    fault: 'a deny is forgotten for what is delivered: live, queued and retained',
    file: 'kernel/queues/queue.ts',
    find: "if (permits(this.principal, 'receive', message.topic)) return true",
    replace: 'if (message) return true',
    killer: authorisation('live and retained messages are judged'),
  },
  {
    fault: 'a deny is forgotten for members of a shared group',
    file: 'kernel/queues/group.ts',
    find: " || !permits(queue.principal, 'receive', message.topic)",
    replace: '',
    killer: authorisation('a group gives what one member may not have'),
  },
  {
    fault: 'a deny is forgotten for wills',
    file: 'kernel/sessions/wills.ts',
    find: "if (!will || permits(principal, 'publish', will.message.topic)) return",
    replace: 'if (!will || principal) return',
    killer: authorisation('a will that may not be published'),
  },
  {
    fault: 'a deny is forgotten for delayed messages that fall due',
    file: 'kernel/exchange.ts',
    find: "const permitted = permits(principal, 'publish', message.topic)",
    replace: 'const permitted = message.topic !== ""',
    killer: { file: 'test/protocols/mqtt/delayed.test.ts', name: 'a right that was taken away' },
  },
]
