import { expect, test } from 'vitest'
import { chinese } from '../../dashboard/pages/bridges/form/chinese.ts'
import { egressSpec, filtersOption, ingressSpec } from '../../kernel/bridging/bridge-options.ts'
import { catalogue } from '../../server/catalogue.ts'
import { describedOptions } from '../../server/http/resources/described-options.ts'

/** What the plugins of this repository say in the form of a bridge. */
async function sentences(): Promise<string[]> {
  const plugins = await Promise.all(Object.values(catalogue.bridges).map(load => load()))
  const told = plugins.flatMap(plugin => {
    const specs = [plugin.options, egressSpec(plugin), ingressSpec(plugin), { egress: filtersOption }]
    return [plugin.describe ?? '', ...specs.flatMap(spec => describedOptions(spec)).map(({ describe }) => describe)]
  })
  return [...new Set(told)].sort()
}

test('every option of every bridge has its Chinese sentence, and none is left of what is no longer said', async () => {
  expect(Object.keys(chinese).sort()).toEqual(await sentences())
})

test('what is code stays the same', () => {
  const code = (text: string) => [...text.matchAll(/`([^`<]*)`|(\$\{\w+:\w+\})/g)].map(([all]) => all).sort()
  for (const [english, translated] of Object.entries(chinese)) expect(code(translated), english).toEqual(code(english))
})
