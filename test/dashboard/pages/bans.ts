import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'bans',
  path: '/bans',
  ready: page => page.getByText('guest-*', { exact: true }).waitFor(),
})

test('bans: who is banned is kept out until the ban is lifted', async () => {
  const connect = async () => stand.traffic.end(await stand.traffic.client('unwanted'))
  await connect()
  const page = await openPage('/bans?kind=client-id', { allowed: [/400/] })
  await page.getByText('No ban fits the filters').waitFor()
  await page.getByRole('button', { name: 'Ban somebody' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Kind').selectOption('address')
  await dialog.getByLabel('Value').fill('not an address')
  await dialog.getByRole('button', { name: 'Ban' }).click()
  await dialog.getByText('is not an IP address').waitFor()
  await dialog.getByLabel('Kind').selectOption('client-id')
  await dialog.getByLabel('Value').fill('unwanted')
  await dialog.getByLabel('Reason').fill('it shouts')
  await dialog.getByRole('button', { name: 'Ban' }).click()
  await page.getByRole('row', { name: /^unwanted/ }).waitFor()
  await expect(connect()).rejects.toThrow(/banned/i)
  await page.getByRole('button', { name: 'Let in again: unwanted' }).click()
  await dialog.getByRole('button', { name: 'Let in again' }).click()
  await page.getByText('No ban fits the filters').waitFor()
  await connect()
})
