import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { metricsReference } from '../http/metrics/reference.ts'

export async function printMetricsReference(): Promise<ExitCode> {
  process.stdout.write(await metricsReference())
  return exitCodes.ok
}
