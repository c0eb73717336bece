import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { checkPage, openPage, violations } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'traces',
  path: '/traces?trace=meter-7',
  ready: page => page.getByText('plant/meter-7/temperature').first().waitFor(),
})

test('traces: one is started, shows what happens as it happens, is downloaded, stopped and deleted', async () => {
  const client = await stand.traffic.client('watched')
  onTestFinished(() => stand.traffic.end(client))
  const page = await openPage('/traces')
  await page.getByRole('button', { name: 'Start a trace' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('door')
  await dialog.getByLabel('Client id').fill('watched')
  await dialog.getByLabel('Of each payload').selectOption('64')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Start' }).click()
  await page.getByText('Nothing is recorded yet').waitFor()
  await client.publishAsync('door/state', 'open', { qos: 1 })
  await page.getByRole('row', { name: /published watched door\/state/ }).waitFor()
  const saving = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download door' }).click()
  const saved = await saving
  const lines = (await readFile(await saved.path(), 'utf8')).trim().split('\n')
  expect(lines.map(line => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ event: 'published', topic: 'door/state', payload: 'open' }),
  )
  await page.getByRole('button', { name: 'Stop door' }).click()
  await page.getByRole('row', { name: /^door watched stopped/ }).waitFor()
  await page.getByRole('button', { name: 'Delete door' }).click()
  await dialog.getByLabel('Type door to confirm').fill('door')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('row', { name: /^door/ }).waitFor({ state: 'detached' })
})
