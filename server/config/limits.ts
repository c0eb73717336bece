import { totalmem } from 'node:os'
import type { z } from 'zod'
import { defaultLimits, type Limits } from '../../kernel/limits.ts'
import { byteUnits } from '../../kernel/plugins/units.ts'
import { bytes, duration, memory, number } from './leaves.ts'
import { formatBytes, formatDuration } from './units.ts'

type LimitField = z.ZodPrefault<z.ZodType<number | string, string | number>>

/** The server has its process for itself, so it does have a limit. */
const standardMemory = '60%'
/** An idle broker takes half of it. */
const leastMemoryBytes = 128 * byteUnits.MB

/** A sentence for each limit; a limit that the kernel gains and nobody explains does not compile. */
const descriptions: Readonly<Record<keyof Limits, string>> = {
  memoryBytes:
    "What the process may take: a size, or a part of the machine's or the container's memory. Near it publishers wait, and what cannot wait is refused or dropped, counted.",
  connections: 'Open connections of the node.',
  tenantConnections: 'Open connections of one tenant.',
  connectsPerSecond: 'Connections accepted a second by the node; bursts of as many.',
  tenantConnectsPerSecond: 'Connections accepted a second for one tenant.',
  failedLoginsPerMinute:
    'Failed logins a minute with one user name from one address; past it, further ones are refused unheard until they are rare again.',
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

/** The kernel's limits under their own names, but `memory`; those in ms lose the unit, which is written with the value. */
export function limitFields(): Record<string, LimitField> {
  return Object.fromEntries(
    (Object.keys(defaultLimits) as (keyof Limits)[]).map(name => [
      writtenName(name),
      field(name).describe(descriptions[name]),
    ]),
  )
}

/** Back to the kernel's names and numbers. */
export function toLimits(fields: Readonly<Record<string, number | string>>): Partial<Limits> {
  const names = Object.keys(defaultLimits) as (keyof Limits)[]
  return Object.fromEntries(names.map(name => [name, inNumbers(fields[writtenName(name)])]))
}

function writtenName(name: keyof Limits): string {
  return name === 'memoryBytes' ? 'memory' : name.replace(/Ms$/, '')
}

/** Percent are of what the process can have: the container's limit where there is one. */
function inNumbers(value: number | string | undefined): number | undefined {
  if (typeof value !== 'string') return value
  return Math.floor(
    (Number.parseInt(value, 10) / 100) * Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
  )
}

function field(name: keyof Limits): LimitField {
  if (name === 'memoryBytes') return memory(leastMemoryBytes).prefault(standardMemory)
  const standard = defaultLimits[name]
  if (name.endsWith('Ms')) return duration().prefault(formatDuration(standard))
  if (name.toLowerCase().includes('bytes')) return bytes().prefault(formatBytes(standard))
  return (number({ min: 0 }) as unknown as z.ZodType<number, string | number>).prefault(standard)
}
