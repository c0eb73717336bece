import { expect, test } from 'vitest'
import { Api } from './api.ts'

const flapping = 'access: { flapping: { disconnects: 2, window: 1m, ban: 1h } }'

test('who comes and goes is listed with how often, and once it is banned, until when', async () => {
  const api = await Api.start({ configuration: flapping })
  const comesAndGoes = async () => (await api.client({ clientId: 'restless' })).end()
  const listed = async () => (await api.get('/flapping')).data
  await api.client({ clientId: 'calm' })
  expect(await listed()).toEqual([])
  for (let i = 0; i < 2; i++) await comesAndGoes()
  await expect.poll(listed).toMatchObject([{ clientId: 'restless', disconnects: 2, bannedUntil: null }])
  await comesAndGoes()
  await expect
    .poll(listed)
    .toMatchObject([{ clientId: 'restless', disconnects: null, bannedUntil: expect.any(String) }])
})
