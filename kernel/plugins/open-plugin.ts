import { BrokerError } from '../contract/errors.ts'
import type { Plugin } from '../contract/plugin.ts'
import { resolveOptions } from './plugin-options.ts'

/** Methods a handle must have, by the kind of its plugin. */
const required: Readonly<Record<string, readonly string[]>> = {
  protocol: ['serve', 'close'],
  storage: ['log', 'table', 'close'],
  auth: ['authenticate', 'close'],
  bridge: ['test', 'close'],
}

/**
 * Opens a plugin with checked options.
 * @throws BrokerError CONFIG_INVALID for its options, PLUGIN_INVALID when it breaks its contract; errors of the system
 * and the plugin's own BrokerErrors pass through.
 */
export async function openPlugin<Host, Handle>(
  plugin: Plugin<string, Host, Handle, never>,
  host: Host,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Handle> {
  const resolved = resolveOptions(plugin.name, plugin.options, options) as never
  let handle: Handle
  try {
    handle = await plugin.open(host, resolved)
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error
    throw broken(plugin, `failed to open: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  for (const method of required[plugin.kind] ?? []) {
    if (typeof (handle as Record<string, unknown> | undefined)?.[method] !== 'function') {
      throw broken(plugin, `opened without "${method}", which its kind must have`)
    }
  }
  return handle
}

function broken({ kind, name }: { kind: string; name: string }, what: string, cause?: unknown): BrokerError {
  return new BrokerError('PLUGIN_INVALID', `${kind} plugin "${name}" ${what}`, { cause })
}
