import { expect, onTestFinished, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'acl',
  path: '/acl?clientId=meter-3&action=publish&topic=plant%2Fmeter-3%2Fstatus',
  ready: page => page.getByText('Rule 1 decides').waitFor(),
})

test('acl: a rule is added, decides what is asked and what a client may, and is removed', async () => {
  const client = await stand.traffic.client('ruled')
  onTestFinished(() => stand.traffic.end(client))
  const mayPublish = async () => {
    const answer = await client.publishAsync('closed/door', 'x', { qos: 1 }).catch((error: unknown) => error)
    return !(answer instanceof Error)
  }
  const page = await openPage('/acl', { allowed: [/400/] })
  await page.getByLabel('Client id').fill('ruled')
  await page.getByRole('textbox', { name: 'Topic', exact: true }).fill('closed/door')
  await page.getByText('No rule applies.', { exact: true }).waitFor()
  expect(await mayPublish()).toBe(true)

  await page.getByRole('button', { name: 'Add rule' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Effect').selectOption('deny')
  await dialog.getByLabel('Place').selectOption('0')
  await dialog.getByLabel('Topics').fill('not/#/a/filter')
  await dialog.getByRole('button', { name: 'Add rule' }).click()
  await dialog.getByRole('alert').waitFor()
  await dialog.getByLabel('Topics').fill('closed/#')
  await dialog.getByRole('button', { name: 'Add rule' }).click()

  // The question was not asked again by hand.
  await page.getByText('Rule 1 decides').waitFor()
  expect(new URL(page.url()).search).toContain('topic=closed%2Fdoor')
  expect(await mayPublish()).toBe(false)
  await page.getByRole('button', { name: 'Move rule 1 down' }).click()
  await page.getByText('Rule 2 decides').waitFor()
  await page.getByRole('button', { name: 'Remove rule 2' }).click()
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('No rule applies.', { exact: true }).waitFor()
  expect(await mayPublish()).toBe(true)
})
