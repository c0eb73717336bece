/** The configuration of the demo. @param far where its bridges lead */
export function demoConfiguration(far: { readonly headquarters: string; readonly desk: string }): string {
  return `# Written by robust-server start --demo, anew at each start.
node: { name: riverside }

# This machine alone can reach it.
listeners:
  tcp: { host: 127.0.0.1, port: 1883 }
  ws: { transport: ws, host: 127.0.0.1, port: 8083 }

access:
  authenticators: [{ type: password, file: users }]
  flapping: { disconnects: 6, window: 1m, ban: 1m }
  rules:
    - { effect: allow, user: maria }
    - { effect: deny, action: publish, filters: ["config/#"] }
    - { effect: deny, user: contractor, filters: ["plant/hall-a/#"] }
    - { effect: allow }
  bans:
    - { clientIdPattern: "scanner-*", reason: looks for open brokers }

mqtt:
  autoSubscribe: [{ filter: "inbox/\${clientid}", qos: 1 }]
  rewrite: [{ action: publish, filter: legacy/+/temp, to: plant/hall-c/$1/temperature }]

limits: { queueMessages: 5000, retainedMessages: 10000, delayedMessages: 1000 }

connections:
  headquarters: { type: mqtt, url: "${far.headquarters}" }
  service-desk: { type: http, url: "${far.desk}/tickets" }
  old-archive: { type: http, url: "${far.desk}/archive" }

bridges:
  orders:
    ingress: { connection: headquarters, topics: [riverside/orders/#] }
    publish: { topic: "\${topic[1..]}", qos: 1 }
  results:
    egress: results/#
    to: { connection: headquarters, topic: "riverside/\${topic}" }
  tickets:
    egress: plant/+/+/alarm
    when: \${payload.level} >= 2
    to:
      connection: service-desk
      path: /\${topic[2]}
      body: { machine: "\${topic[2]}", text: "\${payload.text}", at: "\${timestamp}" }
    onReject: { max: 1MB }
  # Its far side was switched off and nobody told the plant: a bridge in trouble.
  archive:
    egress: plant/+/+/power
    to: { connection: old-archive, format: ndjson }
    buffer: { max: 1MB, maxAge: 1h }
    retry: { backoff: 1s..30s }
`
}
