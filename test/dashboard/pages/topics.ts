import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'topics',
  path: '/topics?topic=config%2Fline',
  ready: async page => {
    await page.getByRole('group', { name: 'Payload' }).getByText('"limits"').waitFor()
    await page.getByRole('treeitem', { name: /^plant .*\/s$/ }).waitFor()
  },
})

test('topics: the tree opens by keys, moves, and shows what is published as JSON, text and hex', async () => {
  const page = await openPage('/topics')
  const plant = page.getByRole('treeitem', { name: /^plant/ })
  await plant.focus()
  await page.keyboard.press('ArrowRight')
  const meter = page.getByRole('treeitem', { name: /^meter-3/ })
  await meter.focus()
  await page.keyboard.press('ArrowRight')
  await page
    .getByRole('treeitem', { name: /^temperature/ })
    .first()
    .click()
  await page.getByRole('group', { name: 'Payload' }).getByText('"value"').waitFor()
  await page.getByText('Text', { exact: true }).click()
  await page
    .getByRole('group', { name: 'Payload' })
    .getByText(/^\{"value":/)
    .waitFor()
  await page.getByText('Hex', { exact: true }).click()
  await page.getByText('00000000  7b 22 76 61').waitFor()
  await page.waitForURL(({ searchParams }) => searchParams.get('topic') === 'plant/meter-3/temperature')
})

test('topics: a key acts on the branch that has the focus, also when another has come in above it', async () => {
  const publisher = await stand.traffic.client('publisher')
  const page = await openPage('/topics')
  const plant = page.getByRole('treeitem', { name: /^plant/ })
  await plant.focus()
  await publisher.publishAsync('above/all', 'first', { qos: 1, retain: true })
  await page.getByRole('treeitem', { name: /^above/ }).waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('treeitem', { name: /^plant/, expanded: true }).waitFor()
  await publisher.publishAsync('above/all', '', { qos: 1, retain: true })
  await stand.traffic.end(publisher)
})

test('topics: what is published here reaches a client, and a retained message is cleared', async () => {
  const reader = await stand.traffic.client('reader')
  await reader.subscribeAsync('made/here', { qos: 1 })
  const received = new Promise<string>(resolve => reader.once('message', (_, payload) => resolve(payload.toString())))
  const page = await openPage('/topics?topic=made%2Fhere')
  await page.getByRole('textbox', { name: 'Payload' }).fill('hello from the page')
  await page.getByLabel('Retain').check()
  await page.getByRole('button', { name: 'Publish' }).click()
  expect(await received).toBe('hello from the page')
  await page.getByRole('button', { name: 'Clear retained' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear retained' }).click()
  await page.getByText('made/here was cleared').waitFor()
  const answer = await fetch(`${stand.server.url}/api/v1/retained/made%2Fhere`)
  expect(answer.status).toBe(404)
  await stand.traffic.end(reader)
})

test('topics: a search finds whole topics', async () => {
  const page = await openPage('/topics?search=firmw')
  await page.getByRole('treeitem', { name: /^config\/firmware/ }).click()
  await page.getByText('7f 45 4c 46 00 ff').waitFor()
})

test('topics: where the server has looked through a part only, the page goes on and says so', async () => {
  const page = await openPage('/topics')
  let goOn = () => {}
  const free = new Promise<void>(resolve => {
    goOn = resolve
  })
  await page.route('**/api/v1/topics?all=true**', async route => {
    const asked = new URL(route.request().url()).searchParams.get('cursor')
    if (asked === null) return route.fulfill({ json: { data: [], meta: { next: '.here', count: null } } })
    expect(asked).toBe('.here')
    await free
    await route.continue()
  })
  await page.getByLabel('Find a topic').fill('firmw')
  await page.getByText('Still searching…').waitFor()
  goOn()
  await page.getByRole('treeitem', { name: /^config\/firmware/ }).waitFor()
  await page.getByText('Still searching…').waitFor({ state: 'detached' })
})
