import type { Reading } from './reading.ts'

/** Numbers that no counter holds. */
export interface ProcessNumbers {
  /** The most clients connected at once. */
  readonly clientsMaximum: number
  readonly heapBytes: number
  readonly heapMaximumBytes: number
}

export type Read = (reading: Reading) => number
type ReadProcess = (reading: Reading, process: ProcessNumbers) => number

const dropped: Read = reading =>
  reading.of('messages_dropped reason=queue-full', 'messages_dropped reason=memory-full', 'mqtt_publishes_dropped')
const stored: Read = reading => reading.of('retained_messages', 'queued_messages', 'delayed_messages')
const counted =
  (...names: readonly string[]): Read =>
  reading =>
    reading.of(...names)

/** What is below `$SYS/broker/` besides version, uptime and loads; names and meanings as in mosquitto(8). */
export const brokerTopics: readonly (readonly [topic: string, read: ReadProcess])[] = [
  ['clients/total', counted('sessions')],
  ['clients/connected', counted('sessions_connected')],
  ['clients/active', counted('sessions_connected')],
  ['clients/disconnected', reading => reading.of('sessions') - reading.of('sessions_connected')],
  ['clients/inactive', reading => reading.of('sessions') - reading.of('sessions_connected')],
  ['clients/maximum', (_, { clientsMaximum }) => clientsMaximum],
  ['clients/expired', counted('sessions_expired')],
  ['messages/received', counted('mqtt_packets_received')],
  ['messages/sent', counted('mqtt_packets_sent')],
  ['messages/stored', stored],
  ['messages/inflight', counted('unsettled_messages')],
  ['store/messages/count', stored],
  ['store/messages/bytes', counted('retained_bytes', 'queued_message_bytes', 'delayed_bytes')],
  ['publish/messages/received', counted('mqtt_publishes_received')],
  ['publish/messages/sent', counted('mqtt_publishes_sent')],
  ['publish/messages/dropped', dropped],
  ['publish/bytes/received', counted('mqtt_payload_received_bytes')],
  ['publish/bytes/sent', counted('mqtt_payload_sent_bytes')],
  ['bytes/received', counted('net_received_bytes')],
  ['bytes/sent', counted('net_sent_bytes')],
  ['subscriptions/count', reading => reading.of('bindings') - reading.of('bindings_shared')],
  ['shared_subscriptions/count', counted('bindings_shared')],
  ['retained messages/count', counted('retained_messages')],
  ['connections/socket/count', counted('net_connections_opened', 'net_connections_refused')],
  // The program and its manual disagree on these two; exporters follow either.
  ['heap/current', (_, { heapBytes }) => heapBytes],
  ['heap/current size', (_, { heapBytes }) => heapBytes],
  ['heap/maximum', (_, { heapMaximumBytes }) => heapMaximumBytes],
  ['heap/maximum size', (_, { heapMaximumBytes }) => heapMaximumBytes],
]

/** What is below `$SYS/broker/load/`, each over 1, 5 and 15 minutes. */
export const brokerLoads: readonly (readonly [topic: string, count: Read])[] = [
  ['messages/received', counted('mqtt_packets_received')],
  ['messages/sent', counted('mqtt_packets_sent')],
  ['publish/received', counted('mqtt_publishes_received')],
  ['publish/sent', counted('mqtt_publishes_sent')],
  ['publish/dropped', dropped],
  ['bytes/received', counted('net_received_bytes')],
  ['bytes/sent', counted('net_sent_bytes')],
  ['sockets', counted('net_connections_opened', 'net_connections_refused')],
  ['connections', counted('mqtt_connects_received')],
]
