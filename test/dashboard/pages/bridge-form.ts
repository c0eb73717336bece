import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { checkPage, openPage, violations } from '../page-checks.ts'
import { stand } from '../stand.ts'

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })

/** A bridge to the hook over a connection that is not there yet, up to what it does with messages. */
async function fillIn(page: Page, name: string): Promise<void> {
  await field(page, 'Connection').selectOption({ label: 'A new one …' })
  await field(page, 'Name of the connection *').fill(`${name}-hook`)
  await field(page, 'url *').fill(stand.hook.url)
  await field(page, 'Name of the bridge *').fill(name)
  await field(page, 'egress *').fill(`${name}/#`)
  await field(page, 'path').fill('/${topic}')
}

checkPage({
  name: 'bridge-form',
  path: '/bridge-form',
  async ready(page) {
    await fillIn(page, 'orders')
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.getByText('The way is open').waitFor()
  },
})

test('bridge form: a bridge is made with its connection, sends, is edited, and removed', async () => {
  const page = await openPage('/bridges')
  await page.getByRole('button', { name: 'New bridge' }).click()
  await fillIn(page, 'orders')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('running', { exact: true }).waitFor()
  const publisher = await stand.traffic.client('orderer')
  await publisher.publishAsync('orders/1', 'x', { qos: 1 })
  await expect.poll(() => stand.hook.paths).toContain('/orders/1')

  await page.getByRole('button', { name: 'Edit' }).click()
  await expect.poll(() => field(page, 'path').inputValue()).toBe('/${topic}')
  await field(page, 'path').fill('/v2/${topic}')
  await page.getByRole('button', { name: 'Change the connection' }).click()
  await field(page, 'timeout').fill('5s')
  // By keys alone from here: what is folded opens, and Enter in a field saves.
  await page.getByText('3. More').press('Enter')
  await field(page, 'linger').fill('20ms')
  await field(page, 'linger').press('Enter')
  await page.getByText('running', { exact: true }).waitFor()
  await publisher.publishAsync('orders/2', 'x', { qos: 1 })
  await expect.poll(() => stand.hook.paths).toContain('/v2/orders/2')
  const connection = await fetch(`${stand.server.url}/api/v1/connections/orders-hook`)
  expect(await connection.json()).toMatchObject({ data: { config: { timeout: '5s' } } })
  await stand.traffic.end(publisher)

  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByLabel('Type orders to confirm').fill('orders')
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('orders is removed').waitFor()
  await page.getByRole('button', { name: 'Remove orders-hook' }).click()
  await page.getByLabel('Type orders-hook to confirm').fill('orders-hook')
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('orders-hook is removed').waitFor()
  await page.getByRole('row', { name: /^orders/ }).waitFor({ state: 'detached' })
})

test('bridge form: what the server refuses is told at its field, which gets the focus', async () => {
  const page = await openPage('/bridge-form', { allowed: [/400/] })
  await fillIn(page, 'wrong')
  await field(page, 'Connection').selectOption({ label: 'hook · http' })
  await field(page, 'egress *').fill('wrong/#/x')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/expected a topic filter/).waitFor()
  await page.waitForFunction(`document.activeElement.getAttribute('aria-invalid') === 'true'`)
  await field(page, 'egress *').fill('wrong/#')
  await page.getByText('3. More').click()
  await field(page, 'maxAge').fill('soon')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/expected a duration/).waitFor()
  await expect.poll(() => field(page, 'maxAge').getAttribute('aria-invalid')).toBe('true')
  expect(await violations(page)).toEqual([])
})

test('bridge form: a bridge is tested up to its topic before anything is kept', async () => {
  const page = await openPage('/bridge-form')
  await field(page, 'Connection').selectOption({ label: 'A new one …' })
  await field(page, 'Type').selectOption('mqtt')
  await field(page, 'url *').fill(`mqtt://127.0.0.1:${stand.server.mqttPort}`)
  await field(page, 'Direction').selectOption({ label: 'in: records come from there' })
  await field(page, 'topics *').fill('plant/#')
  await field(page, 'topic *').fill('copy/${topic}')
  await page.getByRole('button', { name: 'Test all of it' }).click()
  await page.getByText('may subscribe to plant/#').waitFor()
  await page.getByText('The way is open').waitFor()
  const kept = await fetch(`${stand.server.url}/api/v1/connections`)
  expect(await kept.json()).toMatchObject({ data: [{ name: 'hook' }, { name: 'away' }] })
})

test('bridge form: a type has the fields of its plugin, and a secret is not shown', async () => {
  const page = await openPage('/bridge-form')
  await field(page, 'Connection').selectOption({ label: 'A new one …' })
  await field(page, 'Type').selectOption('kafka')
  await field(page, 'brokers *').waitFor()
  await field(page, 'sasl').check()
  expect(await field(page, 'password').getAttribute('type')).toBe('password')
  await field(page, 'Direction').selectOption({ label: 'in: records come from there' })
  await field(page, 'group *').waitFor()
  await field(page, 'egress *').waitFor({ state: 'detached' })
})

test('bridge form: what the configuration defines can be edited, which is taken back, and is not removed', async () => {
  const page = await openPage('/bridge?name=alarms')
  await page.getByRole('button', { name: 'Edit' }).click()
  await field(page, 'when').fill('${qos} > 0')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Take the change back' }).click()
  await page.getByText('alarms is as the configuration says').waitFor()
  await page.getByRole('button', { name: 'Take the change back' }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Remove' }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Edit' }).click()
  await expect.poll(() => field(page, 'when').inputValue()).toBe('')
})

test('bridge form: it speaks Chinese, too', async () => {
  const page = await openPage('/bridge-form', { fresh: true })
  await page.evaluate(`localStorage.setItem('robustmq.language', 'zh')`)
  await page.reload()
  await field(page, '连接').selectOption({ label: '新建连接…' })
  await field(page, '桥接名称 *').waitFor()
  await page.getByRole('button', { name: '测试连接' }).waitFor()
  await page.getByText('将消息作为请求发送到 Web 服务器。').waitFor()
  await page.getByText('批次等待填满的时间。').waitFor({ state: 'attached' })
})
