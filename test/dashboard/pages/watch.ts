import { expect, onTestFinished, test } from 'vitest'
import { checkPage, openPage, violations } from '../page-checks.ts'
import { StandServer, stand } from '../stand.ts'

checkPage({
  name: 'alarms',
  path: '/alarms',
  ready: page => page.getByRole('grid', { name: 'Alarms' }).getByText('"nowhere"').waitFor(),
})

checkPage({
  name: 'slow-subscribers',
  path: '/slow-subscribers',
  ready: page => page.getByRole('link', { name: 'snail' }).first().waitFor(),
})

checkPage({
  name: 'events',
  path: '/event-log?name=client.',
  ready: page => page.getByText('client.connected').first().waitFor(),
})

test('alarms: one is shown while its cause lasts, and is history when a bridge without its target is paused', async () => {
  const server = await StandServer.start({
    // Port 9 of this machine takes nobody.
    ROBUSTMQ__CONNECTIONS: '{"away":{"type":"http","url":"http://127.0.0.1:9/"}}',
    ROBUSTMQ__BRIDGES: '{"lost":{"egress":"plant/#","to":{"connection":"away"}}}',
  })
  onTestFinished(() => server.close())
  const page = await openPage('/alarms', { url: server.url })
  await fetch(`${server.url}/api/v1/publish`, {
    method: 'POST',
    body: JSON.stringify({ topic: 'plant/meter', payload: 'x', qos: 1 }),
    headers: { 'content-type': 'application/json' },
  })
  const now = page.getByRole('grid', { name: 'Alarms' })
  await now.getByText('bridge "lost"').waitFor()
  await page.getByRole('link', { name: '1 alarm' }).waitFor()
  expect(await violations(page)).toEqual([])
  await fetch(`${server.url}/api/v1/bridges/lost/pause`, { method: 'POST' })
  await now.getByText('All is well').waitFor()
  await page.getByRole('grid', { name: 'Before' }).getByText('alarm.cleared').waitFor()
})

test('slow subscribers: who acknowledges nothing is found, and is forgotten on request until it is seen again', async () => {
  const page = await openPage('/slow-subscribers?search=snail')
  const first = page.getByRole('row', { name: /^snail/ }).first()
  await first.waitFor()
  const forgotten = page.waitForResponse(response => response.request().method() === 'DELETE')
  await page.getByRole('button', { name: 'Forget all' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Forget all' }).click()
  expect((await forgotten).status()).toBe(204)
  await page.getByText('The list begins anew').first().waitFor()
  await first.getByRole('link', { name: 'snail' }).click()
  await page.getByRole('heading', { name: 'snail' }).waitFor()
})

test('events: what happens is shown as it happens, and opened it tells all', async () => {
  const page = await openPage('/event-log')
  await page.getByLabel('Kind').selectOption('client.')
  await page.waitForURL('**/event-log?name=client.')
  await stand.traffic.end(await stand.traffic.client('passer-by'))
  const came = page.getByRole('row', { name: /client\.connected.*passer-by/ })
  await came.click()
  await page.getByRole('dialog').getByText('passer-by', { exact: true }).waitFor()
  expect(await violations(page)).toEqual([])
})
