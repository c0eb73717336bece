// The jars of one Kafka, and how its Java programs are run.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const POM = join(import.meta.dirname, 'pom.xml')
export const VERSION = /<kafka\.version>(.*?)</.exec(readFileSync(POM, 'utf8'))[1]
const CACHE = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
export const HOME = join(CACHE, 'robustmq-test-services', `kafka-${VERSION}`)
export const JARS = join(HOME, 'jars')
export const CLASS_DATA = join(HOME, 'kafka.jsa')
export const TOOLS = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  configs: 'kafka.admin.ConfigCommand',
  acls: 'org.apache.kafka.tools.AclCommand',
  groups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'producer-perf': 'org.apache.kafka.tools.ProducerPerformance',
  'consumer-perf': 'org.apache.kafka.tools.ConsumerPerformance',
  storage: 'kafka.tools.StorageTool',
  'dump-log': 'org.apache.kafka.tools.DumpLogSegments',
}

export const run = promisify(execFile)

export async function copyJars() {
  const aside = `${JARS}.${process.pid}`
  await run('mvn', [
    '-B',
    '-q',
    '-f',
    POM,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${aside}`,
  ])
  try {
    renameSync(aside, JARS)
  } catch (error) {
    if (!existsSync(JARS)) throw error
    rmSync(aside, { recursive: true })
  }
}

// C1 only: half the CPU time to start, and a broker that is fast enough for any test.
export function jvm(heap, archive = existsSync(CLASS_DATA) ? [`-XX:SharedArchiveFile=${CLASS_DATA}`] : []) {
  return [
    `-Xmx${heap}`,
    '-Xshare:auto',
    '-Xlog:cds=off',
    ...archive,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Djava.net.preferIPv4Stack=true',
    '-cp',
    join(JARS, '*'),
  ]
}
