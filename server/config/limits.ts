import type { z } from 'zod'
import { defaultLimits, type Limits } from '../../kernel/limits.ts'
import { bytes, duration, number } from './leaves.ts'
import { formatBytes, formatDuration } from './units.ts'

type LimitField = z.ZodPrefault<z.ZodType<number, string | number>>

/** A sentence for each limit; a limit that the kernel gains and nobody explains does not compile. */
const descriptions: Readonly<Record<keyof Limits, string>> = {
  connections: 'Open connections of the node.',
  tenantConnections: 'Open connections of one tenant.',
  connectsPerSecond: 'Connections accepted a second by the node; bursts of as many.',
  tenantConnectsPerSecond: 'Connections accepted a second for one tenant.',
  sessions: 'Sessions of the node, open and kept.',
  tenantSessions: 'Sessions of one tenant.',
  userSessions: 'Sessions of one user.',
  sessionBindings: 'Subscriptions of one session.',
  bindings: 'Subscriptions of all sessions of the node.',
  tenantBindings: 'Subscriptions of all sessions of one tenant.',
  publishesPerSecond: 'Messages a second that one connection may publish; past it its socket is not read.',
  publishBytesPerSecond: 'Bytes a second that one connection may publish.',
  tenantPublishesPerSecond: 'Messages a second that one tenant may publish.',
  nodePublishesPerSecond: 'Messages a second that all clients together may publish.',
  topicBytes: 'Length of a topic or filter, in UTF-8.',
  topicLevels: 'Levels of a topic or filter.',
  retainedMessages: 'Retained messages of one tenant.',
  retainedBytes: 'Bytes of the retained messages of one tenant.',
  nodeRetainedMessages: 'Retained messages of all tenants.',
  nodeRetainedBytes: 'Bytes of the retained messages of all tenants.',
  retainedMessageBytes: 'Bytes of one retained message.',
  queueMessages: 'Messages waiting in one queue.',
  queueBytes: 'Bytes waiting in one queue.',
  queuedBytes: 'Bytes waiting in memory in all queues together.',
  delayedMessages: 'Delayed messages of one tenant.',
  delayedBytes: 'Bytes of the delayed messages of one tenant.',
  delayMs: 'How far ahead a message may be delayed.',
  sessionExpiryMs: 'The longest a session outlives its connection; 0: as long as it asks.',
  bans: 'Entries of the blacklist.',
  spoolCacheBytes: 'Recently stored messages kept in memory, so that a queue rarely reads the disk.',
}

/** The kernel's limits under their own names; those in ms lose the unit, which is written with the value. */
export function limitFields(): Record<string, LimitField> {
  return Object.fromEntries(
    (Object.keys(defaultLimits) as (keyof Limits)[]).map(name => [
      name.replace(/Ms$/, ''),
      field(name).describe(descriptions[name]),
    ]),
  )
}

/** Back to the kernel's names. */
export function toLimits(fields: Readonly<Record<string, number>>): Partial<Limits> {
  const names = Object.keys(defaultLimits) as (keyof Limits)[]
  return Object.fromEntries(names.map(name => [name, fields[name.replace(/Ms$/, '')]]))
}

function field(name: keyof Limits): LimitField {
  const standard = defaultLimits[name]
  if (name.endsWith('Ms')) return duration().prefault(formatDuration(standard))
  if (name.toLowerCase().includes('bytes')) return bytes().prefault(formatBytes(standard))
  return (number({ min: 0 }) as unknown as z.ZodType<number, string | number>).prefault(standard)
}
