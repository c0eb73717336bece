import { BrokerError } from '../contract/errors.ts'

/**
 * Topics that begin with '$' are the broker's: its status, its events, whatever a plugin's own space publishes. No client
 * publishes there, over no protocol, superusers included, but for the first levels that are opened here by name.
 */
export class OpenTopics {
  readonly #levels: ReadonlySet<string>

  /** @throws BrokerError CONFIG_INVALID */
  constructor(levels: readonly string[] = []) {
    for (const level of levels) {
      if (/^\$[^/+#\0]*$/.test(level)) continue
      const shown = JSON.stringify(level)
      throw new BrokerError(
        'CONFIG_INVALID',
        `openTopics: ${shown} is no first level that begins with "$", as "$aws" is`,
      )
    }
    this.#levels = new Set(levels)
  }

  /** May clients publish there at all? Their rules are asked besides. */
  has(topic: string): boolean {
    if (!topic.startsWith('$')) return true
    if (this.#levels.size === 0) return false
    const slash = topic.indexOf('/')
    return this.#levels.has(slash === -1 ? topic : topic.slice(0, slash))
  }
}
