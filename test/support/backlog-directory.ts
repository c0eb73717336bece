import { createKernel } from '../../kernel/index.ts'
import { Message, type Table } from '../../kernel/plugin.ts'
import { ByteWriter } from '../../kernel/spool/bytes.ts'
import { type Target, writeStored } from '../../kernel/spool/record.ts'
import { mqtt } from '../../protocols/mqtt/index.ts'
import { file } from '../../storage-plugins/file/index.ts'
import { quietHost } from './storage-host.ts'
import { wire } from './wire.ts'

export interface Backlog {
  readonly messages: number
  readonly payloadBytes: number
  /** Sessions among which the messages are dealt out in turn: `reader-0`, `reader-1`, ... */
  readonly sessions: number
}

/** Records of one append: one frame of about 2.5 MB. */
const appendRecords = 10_000

/**
 * A data directory with durable sessions and what is queued for them, as a server that was stopped leaves it. Sessions
 * are made by a broker; the messages are written through the spool's codec, a hundred times as fast as by clients.
 * Each payload begins with the message's number.
 */
export async function writeBacklog(directory: string, { messages, payloadBytes, sessions }: Backlog): Promise<void> {
  await subscribe(directory, sessions)
  const storage = await file.open(quietHost(), { directory })
  const targets = await targetsOf(await storage.table('sessions'))
  const log = await storage.log('spool')
  const writer = new ByteWriter()
  const payload = Buffer.alloc(payloadBytes, '.')
  let appended: Promise<unknown> = Promise.resolve()
  for (let from = 0; from < messages; from += appendRecords) {
    writer.clear()
    const ends: number[] = []
    for (let n = from; n < Math.min(messages, from + appendRecords); n++) {
      payload.write(`${n} `)
      const topic = `backlog/${n % sessions}/value`
      const fields = { topic, payload, publishedAt: 1_700_000_000_000, guarantee: 1, durability: 'stored' } as const
      writeStored(writer, new Message(fields), [targets[n % sessions]!], undefined)
      ends.push(writer.length)
    }
    const records = ends.map((end, i) => writer.slice(ends[i - 1] ?? 0, end))
    await appended
    appended = log.append(records)
  }
  await appended
  await storage.close()
}

async function subscribe(directory: string, sessions: number): Promise<void> {
  const kernel = await createKernel({
    protocols: [{ plugin: mqtt, options: { sysInterval: 0 } }],
    storage: { plugin: file, options: { directory } },
    listeners: [{ name: 'tcp', protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port: 0 }],
  })
  try {
    for (let n = 0; n < sessions; n++) {
      const client = await wire(kernel.listeners[0]!.port)
      await client.connect({
        clientId: `reader-${n}`,
        clean: false,
        properties: { sessionExpiryInterval: 0xffff_ffff },
      })
      await client.subscribe(`backlog/${n}/#`, { qos: 1 })
      await client.drop()
    }
  } finally {
    await kernel.close()
  }
}

/** By the number in the session's name: its queue and the identifier of its binding. */
async function targetsOf(table: Table): Promise<Target[]> {
  const queueIds = new Map<string, number>()
  const bindings = new Map<string, number>()
  for await (const { key, value } of table.range('')) {
    const [kind, , session = ''] = key.split('\0')
    const row = JSON.parse(Buffer.from(value).toString())
    if (kind === 's') queueIds.set(session, row.queueId)
    if (kind === 'b') bindings.set(session, row.id)
  }
  const targets: Target[] = []
  for (const [session, queueId] of queueIds) {
    const via = { replay: false, bindings: [{ id: bindings.get(session) ?? 0 }] }
    targets[Number(session.split('-').at(-1))] = { queueId, guarantee: 1, via }
  }
  return targets
}
