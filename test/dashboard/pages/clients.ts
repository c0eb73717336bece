import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'clients',
  path: '/clients',
  ready: page => page.getByRole('link', { name: 'meter-1', exact: true }).waitFor(),
})

checkPage({
  name: 'client',
  path: '/client?id=historian',
  ready: page => page.getByText('plant/#', { exact: true }).waitFor(),
})

test('clients: one is disconnected, after a question', async () => {
  const victim = await stand.traffic.client('victim')
  const closed = new Promise(resolve => victim.once('close', () => resolve(true)))
  const page = await openPage('/clients?search=victim')
  await page.getByRole('button', { name: 'Disconnect victim' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click()
  expect(await closed).toBe(true)
  await page.getByText('No client fits the filters').waitFor()
})

test('clients: keys move through the rows and open one; the filter is in the address', async () => {
  const page = await openPage('/clients')
  await page.getByLabel('Find by client id').fill('meter')
  await page.waitForURL('**/clients?search=meter')
  const first = page.getByRole('row', { name: /^meter-0/ })
  await first.focus()
  await page.keyboard.press('ArrowDown')
  await page
    .getByRole('row', { name: /^meter-1 / })
    .and(page.locator(':focus'))
    .waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'meter-1', exact: true }).waitFor()
  await page.goBack()
  await first.waitFor()
})

test('clients: where the server has looked through a part only, the list goes on and says so', async () => {
  const page = await openPage('/clients?search=historian')
  await page.getByRole('row', { name: /^historian/ }).waitFor()
  let goOn = () => {}
  const free = new Promise<void>(resolve => {
    goOn = resolve
  })
  await page.route('**/api/v1/clients?search=meter-7**', async route => {
    if (!route.request().url().includes('cursor='))
      return route.fulfill({ json: { data: [], meta: { next: '.here', count: null } } })
    await free
    await route.continue()
  })
  await page.getByLabel('Find by client id').fill('meter-7')
  await page.getByText('Still searching…').waitFor()
  goOn()
  await page.getByRole('row', { name: /^meter-7/ }).waitFor()
  await page.getByText('1 in all').waitFor()
})

test('clients: the list is saved as CSV', async () => {
  const page = await openPage('/clients?search=historian')
  await page.getByRole('row', { name: /^historian/ }).waitFor()
  await page.getByRole('button', { name: 'Export' }).click()
  const saving = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'CSV' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe('clients.csv')
  const [head, row] = (await readFile(await saved.path(), 'utf8')).split('\r\n')
  expect(head).toBe('clientId,user,address,speaks,listener,connectedAt,subscriptions,queued')
  expect(row).toMatch(/^historian,,127\.0\.0\.1,MQTT 5\.0,tcp,/)
})

test('one client: a subscription is made for it and ended', async () => {
  const subject = await stand.traffic.client('subject')
  const page = await openPage('/client?id=subject')
  await page.getByText('It has no subscriptions').waitFor()
  const received = new Promise<string>(resolve => subject.once('message', topic => resolve(topic)))
  await page.getByLabel('Filter').fill('made/for/it')
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
  await page.getByRole('listitem').getByText('made/for/it').waitFor()
  subject.publish('made/for/it', 'x')
  expect(await received).toBe('made/for/it')
  await page.getByRole('button', { name: 'Unsubscribe made/for/it' }).click()
  await page.getByText('It has no subscriptions').waitFor()
  await stand.traffic.end(subject)
})

test('one client: who is not connected is said so', async () => {
  const page = await openPage('/client?id=nobody', { allowed: [/404/] })
  await page.getByText('This client is not connected').waitFor()
})
