import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Tests that take a minute or more on two cores: begun last, each of them would be waited for alone. */
const long = [
  'test/simulation/simulation.test.ts',
  'test/simulation/later-seeds.test.ts',
  'test/load/overload.test.ts',
  'test/dashboard/dashboard.test.ts',
  'test/faults/bridges-kafka.test.ts',
  'test/faults/bridges-pulsar.test.ts',
  'test/bridges/kafka/failover.test.ts',
  'test/interop/rust.test.ts',
  'test/docs/compose.test.ts',
  'test/docs/benchmarks.test.ts',
]

/** The order of files: those known to be long, then the rest as usual. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex(file => moduleId.endsWith(`/${file}`))
      return at === -1 ? long.length : at
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}
