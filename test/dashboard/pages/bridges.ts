import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'bridges',
  path: '/bridges',
  ready: page => page.getByRole('row', { name: /^alarms running/ }).waitFor(),
})

checkPage({
  name: 'bridge',
  path: '/bridge?name=nowhere',
  ready: page => page.getByText('degraded').first().waitFor(),
})

test('bridges: one is tested rung by rung, paused and resumed', async () => {
  const page = await openPage('/bridge?name=alarms')
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText('The way is open').waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('paused', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByText('running', { exact: true }).waitFor()
})

test('bridges: what could not be sent is listed, and is thrown away after the name was typed', async () => {
  const publisher = await stand.traffic.client('alarming')
  await publisher.publishAsync('alarm/refused', 'x', { qos: 1 })
  const page = await openPage('/bridge?name=alarms')
  await page.getByRole('row', { name: /^alarm\/refused/ }).waitFor()
  await page.getByRole('button', { name: 'Throw all away' }).click()
  await page.getByLabel('Type alarms to confirm').fill('alarms')
  await page.getByRole('dialog').getByRole('button', { name: 'Throw all away' }).click()
  await page.getByText('Everything could be sent').waitFor()
  await stand.traffic.end(publisher)
})

test('bridges: a way that is closed says at which rung, and what to mend', async () => {
  const page = await openPage('/bridge?name=nowhere')
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText('→').first().waitFor()
  expect(await page.getByText('The way is open').count()).toBe(0)
})
