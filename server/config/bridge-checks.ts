import type { BridgingOptions } from '../../kernel/bridging/bridge-options.ts'
import { closeAll, prepareBridges } from '../../kernel/bridging/bridges.ts'
import { CounterSet } from '../../kernel/observe/counters.ts'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import { systemClock } from '../../kernel/system-clock.ts'
import { version } from '../../kernel/version.ts'
import type { ConfigDocument } from './document.ts'
import type { Path } from './problem.ts'

/**
 * What only the plugins themselves can tell of connections and bridges: files that can be read, options that go
 * together. Nobody is contacted.
 */
export async function checkBridges(document: ConfigDocument, { connections, bridges }: BridgingOptions): Promise<void> {
  const faulty = new Set<string>()
  for (const [name, connection] of Object.entries(connections)) {
    const given = { connections: { [name]: connection }, bridges: {} }
    if (!(await tryOut(document, ['connections', name], given))) faulty.add(name)
  }
  for (const [name, bridge] of Object.entries(bridges)) {
    const side = (bridge.egress === undefined ? bridge.ingress : bridge.to) as { readonly connection?: string }
    if (faulty.has(side.connection ?? '')) continue
    await tryOut(document, ['bridges', name], { connections, bridges: { [name]: bridge } })
  }
}

async function tryOut(document: ConfigDocument, path: Path, given: BridgingOptions): Promise<boolean> {
  const host = { node: 'check', version, clock: systemClock, logger: silentLogger, counters: new CounterSet() }
  try {
    await closeAll(await prepareBridges(given, host))
    return true
  } catch (error) {
    if (!isBrokerError(error)) throw error
    const origin = document.nearestOrigin(path)
    document.problem(path, origin.keyAt ?? origin.at, error.message)
    return false
  }
}
