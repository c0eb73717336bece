/**
 * True when every topic that `narrow` matches is matched by `wide` too. Sound and complete for two well-formed filters:
 * `+/#` covers `#`, `#` does not cover `$SYS/#`.
 */
export function covers(wide: string, narrow: string): boolean {
  return coversLevels(wide.split('/'), narrow.split('/'))
}

/**
 * True when the filter matches the concrete topic, both already cut into levels: routing's `matches`, where one topic is
 * held against many filters.
 */
export function matchesLevels(filter: readonly string[], topic: readonly string[]): boolean {
  const hidden = topic[0]?.startsWith('$') ?? false
  for (let at = 0; at < filter.length; at += 1) {
    const level = filter[at]
    if (level === '#') return at > 0 || !hidden
    if (at >= topic.length) return false
    if (level === '+') {
      if (at === 0 && hidden) return false
    } else if (level !== topic[at]) {
      return false
    }
  }
  return filter.length === topic.length
}

/** `covers` for two filters already cut into levels. */
export function coversLevels(wide: readonly string[], narrow: readonly string[]): boolean {
  // A topic has at least one level, so '#' alone is the same set as '+/#'; written so, both need one rule less.
  if (wide.length === 1 && wide[0] === '#') return !(narrow[0]?.startsWith('$') ?? false)
  const inner = narrow.length === 1 && narrow[0] === '#' ? anything : narrow
  for (let at = 0; at < wide.length; at += 1) {
    const level = wide[at]
    if (level === '#') return true
    if (at >= inner.length) return false
    const asked = inner[at]
    if (asked === '#') return false
    if (level === '+') {
      if (at === 0 && asked?.startsWith('$')) return false
    } else if (level !== asked) {
      return false
    }
  }
  return wide.length === inner.length
}

const anything: readonly string[] = ['+', '#']

/** What is wrong with a topic filter's grammar; undefined when it is well formed. */
export function filterFault(filter: string): string | undefined {
  if (filter === '') return 'is empty'
  if (filter.includes('\0')) return 'contains NUL'
  const levels = filter.split('/')
  for (let at = 0; at < levels.length; at += 1) {
    const level = levels[at] ?? ''
    if (level.length > 1 && level.includes('#')) return 'has "#" beside other characters in a level'
    if (level.length > 1 && level.includes('+')) return 'has "+" beside other characters in a level'
    if (level === '#' && at < levels.length - 1) return 'has "#" before its last level'
  }
  return undefined
}
