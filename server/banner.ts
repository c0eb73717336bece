import { version } from '../kernel/version.ts'
import type { LoadedConfig } from './config/index.ts'
import type { Server } from './server.ts'

export interface Address {
  readonly listener: string
  /** As a client on this machine connects. */
  readonly url: string
  readonly reach: 'this machine' | 'all addresses' | 'one address'
}

type Bound = Server['kernel']['listeners'][number]

/** Where clients connect. */
export function addressesOf(listeners: readonly Bound[], { config }: LoadedConfig): Address[] {
  return listeners.map(bound => {
    const everywhere = bound.host === '::' || bound.host === '0.0.0.0'
    const host = everywhere ? 'localhost' : bound.host.includes(':') ? `[${bound.host}]` : bound.host
    const web = bound.transport === 'ws' || bound.transport === 'wss'
    const scheme = web ? bound.transport : bound.transport === 'tls' ? `${bound.protocol}s` : bound.protocol
    const path = web ? (config.listeners[bound.name]?.path ?? `/${bound.protocol}`) : ''
    const reach = everywhere ? 'all addresses' : isLoopback(bound.host) ? 'this machine' : 'one address'
    return { listener: bound.name, url: `${scheme}://${host}:${bound.port}${path}`, reach }
  })
}

/** What a person at a terminal wants to know when it has started. */
export function banner(
  server: Server,
  { http, demo }: { http?: string | undefined; demo?: string | undefined },
): string {
  const { config } = server.started
  const lines = [
    `RobustMQ ${version} is ready. Node ${config.node.name}, pid ${process.pid}, ${storageText(config)}.`,
    '',
    ...addressesOf(server.kernel.listeners, server.started).map(
      ({ listener, url, reach }) => `  ${listener.padEnd(10)} ${url}  (${reach})`,
    ),
    ...(http === undefined ? [] : [`  ${'http'.padEnd(10)} ${http}`]),
    '',
    ...(demo === undefined ? [] : [`  ${demo}`]),
    `  ${accessText(config)}`,
  ]
  const hint = connectHint(server.kernel.listeners)
  return `${(hint === undefined ? lines : [...lines, `  Try: ${hint}`]).join('\n')}\n\n`
}

/** A command that shows every message. */
export function connectHint(listeners: readonly Bound[]): string | undefined {
  const plain = listeners.find(({ transport, protocol }) => transport === 'tcp' && protocol === 'mqtt')
  if (plain === undefined) return undefined
  const host = plain.host === '::' || plain.host === '0.0.0.0' ? 'localhost' : plain.host
  return `mosquitto_sub -h ${host} -p ${plain.port} -t '#' -v`
}

/** What an operator should not find out from somebody else. */
export function warningsOf(listeners: readonly Bound[], { config }: LoadedConfig): string[] {
  const open = listeners.filter(({ host }) => !isLoopback(host)).map(({ name }) => name)
  if (open.length === 0) return []
  const { anonymous, rules, noMatch } = config.access
  if (anonymous !== 'always') return []
  const reach = `listener${open.length > 1 ? 's' : ''} ${open.join(', ')}`
  const everything = rules === undefined && noMatch !== 'deny' ? ' and may read and write every topic' : ''
  return [
    `open to the world: anybody who reaches ${reach} is let in${everything}; set access.anonymous to loopback or never, or add access.rules`,
  ]
}

export function storageText({ storage, data }: LoadedConfig['config']): string {
  return storage.type === 'memory' ? 'nothing is kept on disk' : `data in ${data}`
}

function accessText({ access }: LoadedConfig['config']): string {
  const anonymous = {
    never: 'Clients need a user name and password.',
    loopback: 'Without user name and password only clients on this machine are let in.',
    always: 'Clients are let in without user name and password.',
  }[access.anonymous]
  const add =
    access.authenticators.length === 0 && access.anonymous !== 'always'
      ? ' To add users: robust-server user add NAME'
      : ''
  return anonymous + add
}

function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^(::ffff:)?127\./.test(host)
}
