import { PulsarError } from './pulsar-error.ts'

/** `orders`, `tenant/namespace/orders` or with its domain in front, as one full name. @throws PulsarError InvalidTopicName */
export function fullTopicName(name: string): string {
  const match = /^(?:(persistent|non-persistent):\/\/)?(?:([^/]+)\/([^/]+)\/)?([^/]+)$/.exec(name)
  const [, domain = 'persistent', tenant = 'public', namespace = 'default', local] = match ?? []
  // Written out with a domain, a name has all of its parts.
  const short = match?.[1] !== undefined && match[2] === undefined
  const printable = /^[^\u0000-\u001f\u007f]*$/.test(name)
  if (local === undefined || short || !printable || name.length > maxNameLength) {
    throw new PulsarError(
      'InvalidTopicName',
      `"${name.slice(0, 80)}" is no topic of Pulsar. Mend: write orders or persistent://tenant/namespace/orders`,
    )
  }
  return `${domain}://${tenant}/${namespace}/${local}`
}

/** More than any broker takes. */
const maxNameLength = 1024

export function partitionName(topic: string, partition: number): string {
  return `${topic}-partition-${partition}`
}
