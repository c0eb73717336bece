import { expect, test } from 'vitest'
import { createKernel, type ProtocolPlugin } from '../../../kernel/index.ts'

function protocol(open: () => Promise<unknown>): ProtocolPlugin {
  return { kind: 'protocol', name: 'odd', api: 1, options: {}, open: open as ProtocolPlugin['open'] }
}

test('a plugin that throws while it opens is named, with what it said', async () => {
  const plugin = protocol(async () => {
    throw new TypeError('x is not a function')
  })
  await expect(createKernel({ protocols: [{ plugin }] })).rejects.toMatchObject({
    code: 'PLUGIN_INVALID',
    message: 'protocol plugin "odd" failed to open: x is not a function',
  })
})

test('a plugin whose handle lacks a method is refused at the start, not at the first connection', async () => {
  const plugin = protocol(async () => ({ close: async () => {} }))
  await expect(createKernel({ protocols: [{ plugin }] })).rejects.toMatchObject({
    code: 'PLUGIN_INVALID',
    message: 'protocol plugin "odd" opened without "serve", which its kind must have',
  })
})

test('an error of the system passes through as it is', async () => {
  const plugin = protocol(async () => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
  })
  await expect(createKernel({ protocols: [{ plugin }] })).rejects.toMatchObject({ code: 'EACCES' })
})
