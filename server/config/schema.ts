import { z } from 'zod'
import { defaultLimits } from '../../kernel/limits.ts'
import type { OptionsSpec } from '../../kernel/plugin.ts'
import { checkFilter } from '../../kernel/routing/topic.ts'
import { bans } from './bans.ts'
import { type BridgeSpecs, bridgeNames, bridgesField, type SchemaUse } from './bridges.ts'
import { addressBlock, duration, file, number, text } from './leaves.ts'
import { limitFields } from './limits.ts'
import { optionsToFields } from './options-to-zod.ts'

/** What the schema must know of plugins: all names, and the options of those in use (undefined: not loaded, not checked). */
export interface PluginSpecs {
  readonly protocols: ReadonlyMap<string, OptionsSpec | undefined>
  /** Those of the protocols whose options stand under `protocols`. */
  readonly added: ReadonlySet<string>
  readonly storage: ReadonlyMap<string, OptionsSpec | undefined>
  readonly auth: ReadonlyMap<string, OptionsSpec | undefined>
  readonly bridges: ReadonlyMap<string, BridgeSpecs | undefined>
}

// A configuration is parsed once: compiling the schema first, as zod would, only costs time.
z.config({ jitless: true })

export const standardPorts = { tcp: 1883, tls: 8883, ws: 8083, wss: 8084 } as const

/** Served when no listeners are configured. */
export const standardListeners = { tcp: { transport: 'tcp' }, ws: { transport: 'ws' } } as const

export const defaultData = './data'

export type Absolute = (path: string) => string

/** Everything that `robustmq.yaml` may say. Paths become absolute by `absolute`. */
export function configSchema(plugins: PluginSpecs, absolute: Absolute, use: SchemaUse) {
  const { added } = plugins
  return z.strictObject({
    ...coreFields(plugins, absolute, use),
    ...protocolSections(plugins, name => !added.has(name), absolute),
  })
}

export type Config = z.infer<z.ZodObject<ReturnType<typeof coreFields>, z.core.$strict>> & {
  readonly [protocol: string]: unknown
}

function coreFields(plugins: PluginSpecs, absolute: Absolute, use: SchemaUse) {
  return {
    node: z
      .strictObject({
        name: text()
          .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected 1 to 64 letters, digits, ".", "_" or "-"')
          .prefault('robustmq')
          .describe("The node's name, as status topics show it."),
      })
      .prefault({})
      .describe('This node.'),
    data: file(absolute).prefault(defaultData).describe('The directory that holds everything durable.'),
    tls: tlsFields(absolute)
      .optional()
      .describe(
        'Certificates of every tls and wss listener without its own. With it and no `listeners`, tls and wss are opened too.',
      ),
    plugins: z
      .array(text().min(1, 'expected the name of a module'))
      .prefault([])
      .describe(
        'Modules with plugins of others: paths that begin with `./`, `../` or `/`, or names of packages, found from the folder of this file.',
      ),
    protocols: z
      .strictObject(protocolSections(plugins, name => plugins.added.has(name), absolute))
      .prefault({})
      .describe("Options of the protocols that `plugins` add, by the protocol's name."),
    listeners: z
      .record(
        text().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'expected a name of small letters, digits, "-" and "_"'),
        listener(plugins, absolute),
      )
      .refine(map => Object.keys(map).length > 0, 'expected at least one listener')
      .prefault(standardListeners)
      .describe('Where clients connect: a name of your choice for each.'),
    storage: choice(plugins.storage, absolute).prefault({ type: 'file' }).describe('Where durable state is kept.'),
    access: access(plugins, absolute)
      .prefault({})
      .describe('Who may connect and what they may do. Reloaded by SIGHUP.'),
    connections: z
      .record(bridgeNames, choice(connectionOptions(plugins), absolute))
      .prefault({})
      .describe('Other systems that bridges lead to: a name of your choice for each. Reloaded by SIGHUP.'),
    bridges: (bridgesField(plugins.bridges, use, absolute) as z.ZodType<BridgesConfig, BridgesConfig>)
      .prefault({})
      .describe('Ways out to a connection (`egress`) and in from it (`ingress`). Reloaded by SIGHUP.'),
    limits: z.strictObject(limitFields()).prefault({}).describe('Everything that can grow has a limit; 0 means none.'),
    queue: z
      .strictObject({
        overflow: z
          .enum(['drop-oldest', 'drop-newest'])
          .prefault('drop-oldest')
          .describe('What is dropped when a queue is full (limits.queueMessages, limits.queueBytes).'),
      })
      .prefault({})
      .describe('Queues of sessions.'),
    http: z
      .strictObject({
        enabled: z.boolean().prefault(true).describe('Serves the HTTP API and the dashboard.'),
        host: text()
          .min(1, 'expected an address')
          .prefault('127.0.0.1')
          .describe('The address to listen on. On any other than this machine, everybody must log in.'),
        port: number({ min: 0, max: 65_535 })
          .optional()
          .describe('0: any free one. Default: 8080; where that is taken, the server starts without HTTP.'),
        tls: tlsFields(absolute).optional().describe('Certificates, for HTTPS.'),
        hosts: z
          .array(text().min(1, 'expected a host name'))
          .prefault([])
          .describe("Names under which browsers reach it, beside addresses, `localhost` and the machine's own name."),
      })
      .prefault({})
      .describe('The HTTP API and the dashboard.'),
    log: z
      .strictObject({
        level: z
          .enum(['debug', 'info', 'warn', 'error'])
          .prefault('info')
          .describe('The least level that is written. Reloaded by SIGHUP.'),
        format: z
          .enum(['auto', 'pretty', 'json'])
          .prefault('auto')
          .describe('auto: pretty on a terminal, else JSON, a line each.'),
      })
      .prefault({})
      .describe('The log, on standard output.'),
    telemetry: z
      .strictObject({
        endpoint: text()
          .regex(/^https?:\/\//, 'expected a URL such as http://localhost:4318/v1/traces')
          .describe('Where spans of messages go, by OTLP over HTTP: the URL of a collector.'),
        headers: z
          .record(z.string(), text().meta({ secret: true }).describe('One value.'))
          .prefault({})
          .describe('Sent with them, such as an API key of the collector.'),
        ratio: number({ min: 0, max: 1 })
          .prefault(0)
          .describe(
            'Of messages without a `traceparent`, the part that begins a trace. Those with one are as it says.',
          ),
        service: text().min(1, 'expected a name').prefault('robustmq').describe('The name of the service in spans.'),
      })
      .optional()
      .describe('OpenTelemetry. Default: off.'),
    alarms: z
      .strictObject({
        memoryPercent: number({ min: 1, max: 100 }).prefault(85).describe('Memory in use at which an alarm is raised.'),
        cpuPercent: number({ min: 1, max: 100 }).prefault(90).describe('CPU in use at which an alarm is raised.'),
        diskPercent: number({ min: 1, max: 100 }).prefault(90).describe('Disk in use at which an alarm is raised.'),
      })
      .prefault({})
      .describe('Alarms about the machine.'),
  }
}

function listener(plugins: PluginSpecs, absolute: Absolute) {
  return z
    .strictObject({
      protocol: z
        .enum([...plugins.protocols.keys()] as [string, ...string[]])
        .prefault('mqtt')
        .describe('The protocol spoken here.'),
      transport: z.enum(['tcp', 'tls', 'ws', 'wss']).prefault('tcp').describe('tls and wss need certificates.'),
      host: text().min(1, 'expected an address').optional().describe('The address to listen on. Default: all of them.'),
      port: number({ min: 0, max: 65_535 })
        .optional()
        .describe('0: any free one. Default: 1883 (tcp), 8883 (tls), 8083 (ws), 8084 (wss).'),
      tls: tlsFields(absolute)
        .optional()
        .describe('Certificates of this listener. Default: those of the top-level `tls`.'),
      path: text()
        .regex(/^\/[^\s?#]*$/, 'expected a path such as /mqtt')
        .optional()
        .describe("WebSocket path. Default: the protocol's own."),
      proxyFrom: z
        .array(addressBlock())
        .prefault([])
        .describe('Proxies whose PROXY protocol header (v1, v2) is required and believed: addresses or CIDR blocks.'),
      maxConnections: number({ min: 0 })
        .prefault(0)
        .describe('Open connections of this listener; 0: no limit but limits.connections.'),
      rawHandles: z
        .boolean()
        .prefault(false)
        .describe(
          "Of transport tcp: connections without Node's sockets, which cost less. Tried out at the start; where it does not work, there is a warning and ordinary sockets.",
        ),
    })
    .transform(given => ({ ...given, port: given.port ?? standardPorts[given.transport] }))
}

function tlsFields(absolute: Absolute) {
  return z.strictObject({
    cert: file(absolute).describe('PEM file: the certificate, then its chain.'),
    key: file(absolute).describe('PEM file: the private key.'),
    passphrase: text()
      .meta({ secret: true })
      .optional()
      .describe('Of the private key. Use ${env:NAME} or ${file:path}.'),
    ca: file(absolute)
      .optional()
      .describe('PEM file: authorities of clients. Given, clients must present a certificate of theirs (mTLS).'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).prefault('TLSv1.2').describe('The oldest TLS version spoken.'),
  })
}

function access(plugins: PluginSpecs, absolute: Absolute) {
  return z.strictObject({
    anonymous: z
      .enum(['never', 'loopback', 'always'])
      .prefault('loopback')
      .describe('From where clients without user name and password are let in.'),
    authenticators: z
      .array(choice(plugins.auth, absolute))
      .prefault([])
      .describe('Asked in order until one knows the client.'),
    rules: z
      .array(rule())
      .optional()
      .describe('Tried in order; the first that applies decides. An empty list denies. Default: no rules.'),
    noMatch: z
      .enum(['allow', 'deny'])
      .optional()
      .describe('When no rule applies. Default: deny as soon as rules are given, be they none, else allow.'),
    openTopics: z
      .array(text().regex(/^\$[^/+#\0]*$/, 'expected a first level that begins with "$", such as $aws'))
      .prefault([])
      .describe("First levels that begin with `$` and that clients may publish to; all others are the broker's own."),
    certificateUser: z
      .enum(['none', 'common-name'])
      .prefault('none')
      .describe('common-name: the user name is that of the client certificate (mTLS).'),
    bans: bans().describe('Who is kept out, beside those banned while the server runs.'),
    flapping: z
      .strictObject({
        disconnects: number({ min: 1 }).describe('More disconnects than this within `window` ban the client id.'),
        window: duration({ min: 1 }).prefault('1m').describe('The span in which disconnects are counted.'),
        ban: duration({ min: 1 }).prefault('5m').describe('How long the ban lasts.'),
      })
      .optional()
      .describe('A temporary ban of clients that come and go. Default: off.'),
  })
}

function rule() {
  return z.strictObject({
    effect: z.enum(['allow', 'deny']).describe('What the rule does.'),
    action: z.enum(['publish', 'subscribe', 'all']).prefault('all').describe('subscribe stands for receiving, too.'),
    filters: z
      .array(text().superRefine(filterFault))
      .optional()
      .describe(
        'Topic filters; %c and %u stand for client id and user name, as one whole level. Default: every topic.',
      ),
    user: text().optional().describe('Only this user.'),
    clientId: text().optional().describe('Only this client id.'),
    address: addressBlock().optional().describe('Only from this address or CIDR block.'),
  })
}

function filterFault(filter: string, context: z.RefinementCtx): void {
  try {
    checkFilter(filter, defaultLimits)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `expected a topic filter: ${(error as Error).message}` })
  }
}

type BridgesConfig = Readonly<Record<string, Readonly<Record<string, unknown>>>>

function connectionOptions({ bridges }: PluginSpecs): ReadonlyMap<string, OptionsSpec | undefined> {
  return new Map([...bridges].map(([name, specs]) => [name, specs?.options]))
}

/** A plugin by name, with its options beside the name. */
function choice(specs: ReadonlyMap<string, OptionsSpec | undefined>, absolute: Absolute) {
  const options = [...specs].map(([name, spec]) => {
    const type = z.literal(name)
    return spec
      ? z.strictObject({ type, ...optionsToFields(inDataDirectory(spec), absolute) })
      : z.looseObject({ type })
  })
  return z.discriminatedUnion(
    'type',
    options as unknown as [z.ZodObject<{ type: z.ZodLiteral<string> }, z.core.$loose>],
  )
}

/** A plugin that wants a directory gets the data directory, unless it is given another. */
function inDataDirectory(spec: OptionsSpec): OptionsSpec {
  const { directory } = spec
  if (directory?.type !== 'file') return spec
  return { ...spec, directory: { ...directory, required: false, describe: `${directory.describe} Default: \`data\`.` } }
}

function protocolSections(
  { protocols }: PluginSpecs,
  here: (name: string) => boolean,
  absolute: Absolute,
): Record<string, z.ZodType> {
  return Object.fromEntries(
    [...protocols]
      .filter(([name]) => here(name))
      .map(([name, spec]) => [
        name,
        (spec ? z.strictObject(optionsToFields(spec, absolute)) : z.looseObject({}))
          .prefault({})
          .describe(`Options of the ${name} protocol.`),
      ]),
  )
}
