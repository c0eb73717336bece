import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'subscriptions',
  path: '/subscriptions',
  ready: page => page.getByRole('row', { name: /^plant\/# historian/ }).waitFor(),
})

checkPage({
  name: 'retained',
  path: '/retained?filter=config%2F%23',
  ready: page => page.getByRole('row', { name: /^config\/line/ }).waitFor(),
})

checkPage({
  name: 'delayed',
  path: '/delayed',
  ready: page => page.getByRole('row', { name: /^reminders\/valves/ }).waitFor(),
})

checkPage({
  name: 'sessions',
  path: '/sessions',
  ready: page => page.getByRole('row', { name: /^away/ }).waitFor(),
})

test('subscriptions: filters narrow the list', async () => {
  const page = await openPage('/subscriptions')
  await page.getByLabel('Group').fill('archive')
  await page.getByText('1 in all').waitFor()
  await page.waitForURL(({ searchParams }) => searchParams.get('group') === 'archive')
})

test('retained: a message is shown whole, one is cleared, and all that match after their filter was typed', async () => {
  const publisher = await stand.traffic.client('keeper')
  for (const name of ['a', 'b', 'c'])
    await publisher.publishAsync(`tidy/${name}`, `{"is": "${name}"}`, { retain: true, qos: 1 })
  const page = await openPage('/retained?filter=tidy%2F%23')
  await page.getByRole('row', { name: /^tidy\/a/ }).click()
  await page.getByRole('dialog').getByText('"is"').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Clear tidy/a' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click()
  await page.getByText('2 in all').waitFor()
  await page.getByRole('button', { name: 'Clear all that match' }).click()
  const act = page.getByRole('dialog').getByRole('button', { name: 'Clear all that match' })
  await expect.poll(() => act.isDisabled()).toBe(true)
  await page.getByLabel('Type tidy/# to confirm').fill('tidy/#')
  await act.click()
  await page.getByText('Nothing is retained at topics that match').waitFor()
  await stand.traffic.end(publisher)
})

test('delayed: a message is given up', async () => {
  const publisher = await stand.traffic.client('later')
  await publisher.publishAsync('$delayed/900/never/sent', 'x', { qos: 1 })
  const page = await openPage('/delayed')
  await page.getByRole('button', { name: 'Give up never/sent' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Give up' }).click()
  await page.getByRole('row', { name: /^never\/sent/ }).waitFor({ state: 'detached' })
  await stand.traffic.end(publisher)
})

test('sessions: one that is away is ended after its name was typed', async () => {
  const leaver = await stand.traffic.client('leaver', { properties: { sessionExpiryInterval: 600 } })
  await stand.traffic.end(leaver)
  const page = await openPage('/sessions?search=leaver&connected=false')
  await page.getByRole('button', { name: 'End the session: leaver' }).click()
  await page.getByLabel('Type leaver to confirm').fill('leaver')
  await page.getByRole('dialog').getByRole('button', { name: 'End the session' }).click()
  await page.getByText('No session fits the filters').waitFor()
})
