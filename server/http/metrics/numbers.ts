/** A number of the kernel or of a plugin, as `/metrics` tells it. */
export interface DescribedNumber {
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** All labels that it may have. Their values come from closed sets, or from names in the configuration. */
  readonly labels: readonly string[]
}

/** By its name in the kernel. */
export const numbers: Readonly<Record<string, DescribedNumber>> = {
  net_received_bytes: counter('Bytes received from clients.', 'listener'),
  net_sent_bytes: counter('Bytes sent to clients.', 'listener'),
  net_socket_errors: counter('Sockets that ended with an error.', 'listener'),
  net_connections_opened: counter('Connections accepted.', 'listener'),
  net_connections_failed: counter(
    'Connections that ended before they were set up: TLS, WebSocket, PROXY header.',
    'listener',
  ),
  net_connections_refused: counter('Connections refused, by reason.', 'listener', 'reason'),
  net_connections: gauge('Open connections.', 'listener'),
  logins_refused: counter('Clients refused at login, by reason.', 'reason'),
  messages_published: counter('Messages published.'),
  messages_delivered: counter('Messages handed to a receiver.'),
  messages_dropped: counter('Messages dropped, by reason.', 'reason'),
  messages_refused: counter('Publishes refused, by reason.', 'reason'),
  queued_bytes: gauge('Bytes waiting in memory in all queues.'),
  queued_messages: gauge('Messages that wait or are not acknowledged.'),
  queued_message_bytes: gauge('Bytes of messages that wait.'),
  unsettled_messages: gauge('Messages handed out and not acknowledged.'),
  spool_commits: counter('Group commits of the message log.'),
  spool_records: counter('Records written to the message log.'),
  spool_references: gauge('References that queues hold into the message log.'),
  spool_offsets: gauge('Offsets that the message log spans.'),
  retained_messages: gauge('Retained messages.'),
  retained_bytes: gauge('Bytes of retained payloads.'),
  delayed_messages: gauge('Messages waiting for their time.'),
  delayed_bytes: gauge('Bytes of messages waiting for their time.'),
  sessions: gauge('Sessions, connected or kept.'),
  sessions_connected: gauge('Sessions that a connection holds.'),
  sessions_expired: counter('Sessions that ended because nobody came back.'),
  bindings: gauge('Subscriptions.'),
  bindings_shared: gauge('Subscriptions of shared groups.'),
  publishes_delayed: counter('Publishes that waited for memory.'),
  memory_refusals: counter('What was refused for want of memory, by part.', 'part'),
  memory_bytes: gauge('Memory in use, by part.', 'part'),
  memory_limit_bytes: gauge('The limit of memory; 0: none.'),
  memory_budget_bytes: gauge('What the parts may use of the limit.'),
  bridge_lag_messages: gauge('Messages that wait to be sent.', 'bridge'),
  bridge_lag_bytes: gauge('Bytes of messages that wait to be sent.', 'bridge'),
  bridge_lag_age_seconds: gauge('How long the oldest of them has been waiting.', 'bridge'),
  bridge_dead_letters: gauge('What could not be sent, and is kept.', 'bridge'),
  bridge_up: gauge('1 while the bridge runs.', 'bridge'),
  bridge_paused: gauge('1 while somebody has paused it.', 'bridge'),
  bridge_messages_sent: counter('Messages that the far side has taken.', 'bridge'),
  bridge_messages_received: counter('Messages taken from the far side.', 'bridge'),
  bridge_messages_rejected: counter('Messages that became dead letters.', 'bridge'),
  bridge_messages_retried: counter('Messages sent again.', 'bridge'),
  bridge_messages_filtered: counter('Messages that the condition of the bridge left out.', 'bridge'),
  bridge_messages_looped: counter('Messages that had passed here already.', 'bridge'),
  bridge_messages_dropped: counter('Messages dropped, by reason.', 'bridge', 'reason'),
  bridge_bytes_sent: counter('Bytes that the far side has taken.', 'bridge'),
  bridge_batches_sent: counter('Batches that the far side has taken.', 'bridge'),
  bridge_send_seconds: counter('Time that sending took.', 'bridge'),
  bridge_batch_messages: gauge('Messages of the last batch.', 'bridge'),
  bridge_send_latency_seconds: gauge('What the last batch took.', 'bridge'),
  mqtt_connects_received: counter('CONNECT packets received.'),
  mqtt_packets_received: counter('MQTT packets received.'),
  mqtt_packets_sent: counter('MQTT packets sent.'),
  mqtt_publishes_received: counter('PUBLISH packets received.'),
  mqtt_publishes_sent: counter('PUBLISH packets sent.'),
  mqtt_publishes_dropped: counter('Publishes that a client could not be sent.'),
  mqtt_malformed_packets: counter('Malformed MQTT packets received.'),
  mqtt_payload_received_bytes: counter('Bytes of MQTT payloads received.'),
  mqtt_payload_sent_bytes: counter('Bytes of MQTT payloads sent.'),
}

function counter(help: string, ...labels: string[]): DescribedNumber {
  return { type: 'counter', help, labels }
}

function gauge(help: string, ...labels: string[]): DescribedNumber {
  return { type: 'gauge', help, labels }
}

/** The name in `/metrics`. */
export function exportedName(name: string, type: DescribedNumber['type']): string {
  return type === 'counter' ? `robustmq_${name}_total` : `robustmq_${name}`
}
