import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { PythonClient } from '../../test/support/services/pulsar/python-client.ts'
import { outputOfNode, source } from './commands.ts'
import type { FarSide, Rate } from './far-side.ts'

const services = fileURLToPath(new URL('../../../../test/support/services/pulsar', import.meta.url))
const recipe = path.join(services, 'pulsar.mjs')
const subscription = 'bench'
/** With the 256 MB that tests give it, Pulsar is busy with its own garbage after a round or two. */
const javaOptions = '-Xmx1g -XX:MaxDirectMemorySize=1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1'

interface Described {
  readonly serviceUrl: string
  readonly webServiceUrl: string
  readonly pid: number
}

/** A standalone that is started in `directory`. */
export async function startPulsar(directory: string): Promise<FarSide> {
  process.env.PULSAR_JAVA_OPTS ??= javaOptions
  const place = ['--dir', path.join(directory, 'pulsar')]
  const { serviceUrl: url, webServiceUrl, pid }: Described = JSON.parse(await outputOfNode(recipe, 'start', ...place))
  const admin = (topic: string) => `${webServiceUrl}/admin/v2/persistent/public/default/${topic}`
  let topics = 0
  return {
    connection: { url },
    pids: [pid],
    async newTopic() {
      const topic = `bench-${++topics}`
      // Without a subscription what was written could be gone before it is read.
      const made = await fetch(`${admin(topic)}/subscription/${subscription}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
      })
      if (!made.ok) throw new Error(`${topic} could not be made: ${made.status} ${await made.text()}`)
      return topic
    },
    async held(topic) {
      const stats = await fetch(`${admin(topic)}/stats`)
      return ((await stats.json()) as { readonly msgInCounter: number }).msgInCounter
    },
    async read(topic, messages) {
      await using reader = await PythonClient.start({ url }, services)
      await reader.subscribe(topic, subscription)
      return await reader.count(subscription, messages)
    },
    async alone(topic, load): Promise<Rate> {
      return JSON.parse(await outputOfNode(source('pulsar-alone.mjs'), JSON.stringify({ url, topic, ...load })))
    },
    async [Symbol.asyncDispose]() {
      await outputOfNode(recipe, 'kill', ...place)
    },
  }
}
