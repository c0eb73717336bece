import type { Read } from './broker-topics.ts'

const noMatch = 'messages_dropped reason=no-match'

/** Levels, below `$SYS/brokers/<node>/stats/`: each as `<name>/count`, and its highest value as `<name>/max`. */
export const nodeStats: readonly (readonly [name: string, read: Read])[] = [
  ['connections', reading => reading.of('sessions')],
  ['live_connections', reading => reading.of('sessions_connected')],
  ['sessions', reading => reading.of('sessions')],
  ['subscriptions', reading => reading.of('bindings')],
  ['subscriptions/shared', reading => reading.of('bindings_shared')],
  ['retained', reading => reading.of('retained_messages')],
  ['delayed', reading => reading.of('delayed_messages')],
]

/** Counts since the start, below `$SYS/brokers/<node>/metrics/`. */
export const nodeMetrics: readonly (readonly [name: string, read: Read])[] = [
  ['bytes/received', reading => reading.of('net_received_bytes')],
  ['bytes/sent', reading => reading.of('net_sent_bytes')],
  ['packets/received', reading => reading.of('mqtt_packets_received')],
  ['packets/sent', reading => reading.of('mqtt_packets_sent')],
  ['packets/connect/received', reading => reading.of('mqtt_connects_received')],
  ['packets/publish/received', reading => reading.of('mqtt_publishes_received')],
  ['packets/publish/sent', reading => reading.of('mqtt_publishes_sent')],
  ['packets/malformed', reading => reading.of('mqtt_malformed_packets')],
  ['messages/received', reading => reading.of('mqtt_publishes_received')],
  ['messages/sent', reading => reading.of('mqtt_publishes_sent')],
  ['messages/delivered', reading => reading.of('messages_delivered')],
  ['messages/dropped', reading => reading.of('messages_dropped')],
  ['messages/dropped/no_subscribers', reading => reading.of(noMatch)],
  ['delivery/dropped', reading => reading.of('messages_dropped') - reading.of(noMatch)],
  ['delivery/dropped/queue_full', reading => reading.of('messages_dropped reason=queue-full')],
  ['delivery/dropped/expired', reading => reading.of('messages_dropped reason=expired')],
  ['authorization/deny', reading => reading.of('messages_dropped reason=not-authorized')],
  ['client/connack/refused', reading => reading.of('logins_refused')],
  ['session/expired', reading => reading.of('sessions_expired')],
]
