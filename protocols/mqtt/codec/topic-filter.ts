import { malformed, violation } from './packet-error.ts'

const sharePrefix = '$share'

/**
 * 0x8F in SUBACK is for a filter that is correctly formed and still refused; one that is not makes its packet malformed,
 * and a shared subscription without a name or a filter is a protocol error.
 * @throws PacketError
 */
export function checkFilterForm(filter: string): void {
  if (filter === '') throw malformed('a topic filter is empty') // [MQTT-4.7.3-1]
  if (hasMisplacedWildcard(filter)) throw malformed('a topic filter has a wildcard in the wrong place')
  if (!filter.startsWith(sharePrefix)) return
  const [first, name, ...rest] = filter.split('/', 4)
  if (first !== sharePrefix) return
  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
  if (!name || name === '+' || name === '#') throw violation('a shared subscription has no name')
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) throw violation('a shared subscription has no filter')
}

/** '#' stands alone and last, '+' alone in its level. [MQTT-4.7.1-1] [MQTT-4.7.1-2] */
function hasMisplacedWildcard(filter: string): boolean {
  for (let at = 0; at < filter.length; at++) {
    const isHash = filter[at] === '#'
    if (!isHash && filter[at] !== '+') continue
    if (at > 0 && filter[at - 1] !== '/') return true
    if (at < filter.length - 1 && (isHash || filter[at + 1] !== '/')) return true
  }
  return false
}
