import { expect, test } from 'vitest'
import { Message } from '../../../kernel/plugin.ts'
import { Ledger } from '../../../kernel/spool/ledger.ts'
import type { StoredReference } from '../../../kernel/spool/record.ts'
import { Relocation } from '../../../kernel/spool/relocation.ts'

test('what is written again has the newest note, and the guarantee that its message is taken with', async () => {
  const reference: StoredReference = {
    queueId: 20,
    offset: 5,
    guarantee: 2,
    via: { replay: false, bindings: [], guaranteeOf: published => published },
    note: 1,
  }
  const written: (readonly StoredReference[])[] = []
  const ledger = new Ledger()
  ledger.add(5, 1)
  const spool = {
    commit: Promise.resolve(),
    load: async () => {
      relocation.noted(20, 5, 7)
      return new Map([[5, new Message({ topic: 't', payload: Buffer.from('m'), guarantee: 1 })]])
    },
    writeAgain: (_: number, __: Message, references: readonly StoredReference[]) => written.push(references) + 99,
    hold: () => 0,
  }
  const relocation: Relocation = new Relocation(spool, ledger, { stored: () => [reference], held: () => [] })
  await relocation.run(1_024)
  expect(written).toEqual([[{ ...reference, note: 7, guarantee: 1 }]])
})
