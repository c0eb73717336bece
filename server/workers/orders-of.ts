import { dirname, resolve } from 'node:path'
import { type LoadedConfig, listenerOptions, protocolOptions, secretTexts } from '../config/index.ts'
import type { Orders } from './orders.ts'

/** `started`: what holds until the owner ends; `current`: what a reload has changed since. */
export function ordersOf(
  number: number,
  started: LoadedConfig,
  current: LoadedConfig,
  listening: { ports: ReadonlyMap<string, number>; reusePort: boolean },
): Orders {
  const { level, format } = current.config.log
  const terminal = process.stdout.isTTY === true
  const { plugins: modules = [] } = started.config
  return {
    number,
    protocols: protocolOptions(current).map(({ plugin, options }) => ({ name: plugin.name, options })),
    modules,
    folder: started.file === undefined ? process.cwd() : dirname(resolve(started.file)),
    listeners: listenerOptions(started).map(listener => {
      const port = listening.ports.get(listener.name) ?? listener.port
      const tls = current.certificates.listeners.get(listener.name) ?? listener.tls
      return { ...listener, port, ...(tls && { tls }) }
    }),
    reusePort: listening.reusePort,
    log: {
      level,
      format: format === 'auto' ? (terminal ? 'pretty' : 'json') : format,
      colour: terminal && process.env.NO_COLOR === undefined,
    },
    secrets: [...new Set([...secretTexts(started), ...secretTexts(current)])],
  }
}
