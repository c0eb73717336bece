import type { AccessOptions, KernelOptions } from '../../kernel/options.ts'
import type { ListenerOptions, Logger, Rule } from '../../kernel/plugin.ts'
import { toBan } from './bans.ts'
import { bridgingOptions } from './bridging-options.ts'
import { toLimits } from './limits.ts'
import type { LoadedConfig } from './load.ts'

/** What the kernel is to do, from a configuration that was checked. */
export function kernelOptions(loaded: LoadedConfig, logger: Logger): KernelOptions {
  const { config, plugins } = loaded
  const storage = plugins.storage.get(config.storage.type)
  return {
    node: config.node.name,
    protocols: protocolOptions(loaded),
    listeners: listenerOptions(loaded),
    ...(storage ? { storage: { plugin: storage, options: withoutType(config.storage) } } : {}),
    access: accessOptions(loaded),
    bridging: bridgingOptions(config, plugins),
    limits: toLimits(config.limits),
    overflow: config.queue.overflow,
    logger,
    alarms: config.alarms,
  }
}

/** The protocols that some listener speaks, with their options. */
export function protocolOptions({ config, plugins }: LoadedConfig) {
  const spoken = new Set(Object.values(config.listeners).map(listener => listener.protocol))
  return [...plugins.protocols]
    .filter(([name]) => spoken.has(name))
    .map(([name, plugin]) => ({ plugin, options: optionsOf(config, name) as Readonly<Record<string, unknown>> }))
}

function optionsOf({ protocols, ...config }: LoadedConfig['config'], name: string): unknown {
  return Object.hasOwn(protocols, name) ? protocols[name] : config[name]
}

/** Also what a reload passes to `kernel.reloadAccess`. */
export function accessOptions({ config, plugins }: LoadedConfig): AccessOptions {
  const { anonymous, authenticators, rules, noMatch, openTopics, certificateUser, bans, flapping } = config.access
  return {
    anonymous,
    authenticators: authenticators.flatMap(options => {
      const plugin = plugins.auth.get(options.type)
      return plugin ? [{ plugin, options: withoutType(options) }] : []
    }),
    ...(rules ? { rules: rules.map(rule => present<Rule>(rule)) } : {}),
    ...(noMatch ? { noMatch } : {}),
    openTopics,
    certificateUser,
    bans: bans.map(toBan),
    ...(flapping
      ? { flapping: { disconnects: flapping.disconnects, windowMs: flapping.window, banMs: flapping.ban } }
      : {}),
  }
}

/** Where clients connect. */
export function listenerOptions({ config, certificates }: LoadedConfig): ListenerOptions[] {
  return Object.entries(config.listeners).map(([name, listener]) =>
    present<ListenerOptions>({ ...listener, name, tls: certificates.listeners.get(name) }),
  )
}

function withoutType({ type: _, ...options }: { readonly type: string }): Record<string, unknown> {
  return options
}

/** Without the keys that say nothing: the kernel's options are present or absent, never undefined. */
function present<T>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
