import { BrokerError } from '../../kernel/plugin.ts'
import type { ConfigSources } from '../config/index.ts'
import type { ExitCode } from '../exit-codes.ts'

type Sources = Omit<ConfigSources, 'catalogue' | 'environment'>

export async function checkData(_sources: Sources): Promise<ExitCode> {
  throw new BrokerError('CLOSED', 'not yet')
}

export async function repairData(_sources: Sources): Promise<ExitCode> {
  throw new BrokerError('CLOSED', 'not yet')
}
