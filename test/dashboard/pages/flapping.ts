import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { flappingDisconnects, stand } from '../stand.ts'

const connect = async (clientId: string) => stand.traffic.end(await stand.traffic.client(clientId))

checkPage({
  name: 'flapping',
  path: '/flapping',
  ready: async page => {
    for (let i = 0; i <= flappingDisconnects; i++) await connect('bad-battery')
    await page.getByRole('button', { name: 'Let in again: bad-battery' }).waitFor()
    await page.getByRole('row', { name: /^loose-cable/ }).waitFor()
  },
})

test('flapping: who comes and goes too often is listed, kept out, and let in again', async () => {
  const page = await openPage('/flapping?search=shaky')
  await page.getByText('No flapping client fits the search').waitFor()
  await connect('shaky')
  const row = page.getByRole('row', { name: /^shaky/ })
  await row.getByText('not banned').waitFor()
  // Others of that id may be in other tenants.
  expect(await row.getByRole('link').getAttribute('href')).toBe('/client?id=shaky&tenant=default')
  for (let i = 0; i < flappingDisconnects; i++) await connect('shaky')
  await page.getByRole('button', { name: 'Let in again: shaky' }).click()
  await expect(connect('shaky')).rejects.toThrow(/banned/i)
  await page.getByRole('dialog').getByRole('button', { name: 'Let in again' }).click()
  await page.getByText('shaky may connect again').first().waitFor()
  await connect('shaky')
  await row.getByText('not banned').waitFor()
})
