import { expect, onTestFinished, test } from 'vitest'
import { checkPage, openPage, violations } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'plugins',
  path: '/plugins',
  ready: page => page.getByRole('rowheader', { name: 'retained' }).waitFor(),
})

checkPage({
  name: 'config',
  path: '/config?show=set',
  ready: page => page.getByText('access.rules[0].effect').waitFor(),
})

checkPage({
  name: 'api-keys',
  path: '/api-keys',
  ready: page => page.getByText('grafana', { exact: true }).waitFor(),
})

checkPage({
  name: 'audit',
  path: '/audit',
  ready: page => page.getByText('Keep somebody out').first().waitFor(),
})

const api = (path: string, options: RequestInit = {}) => fetch(`${stand.server.url}/api/v1${path}`, options)

test('config: a value is changed while the server runs, is told where it comes from, and is taken back', async () => {
  onTestFinished(async () => void (await api('/config/log.level', { method: 'DELETE' })))
  const page = await openPage('/config?search=log.level', { allowed: [/400/] })
  await page.getByRole('row', { name: /^log\.level info default/ }).waitFor()
  await page.getByRole('button', { name: 'Change log.level' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Value').fill('loud')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText(/log\.level: expected/).waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByLabel('Value').fill('warn')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('row', { name: /^log\.level warn changed while it ran/ }).waitFor()
  await page.getByRole('button', { name: 'Take back log.level' }).click()
  await dialog.getByRole('button', { name: 'Take back' }).click()
  await page.getByRole('row', { name: /^log\.level info default/ }).waitFor()
})

test('config: a list is changed as one', async () => {
  onTestFinished(async () => void (await api('/config/mqtt.autoSubscribe', { method: 'DELETE' })))
  const page = await openPage('/config?search=autosub')
  const edit = page.getByRole('button', { name: /^Change mqtt\.autoSubscribe/ }).first()
  const value = page.getByRole('dialog').getByLabel('Value')
  await edit.click()
  await value.fill('[{"filter": "news/${clientid}", "qos": 1}]')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('mqtt.autoSubscribe[0].filter').waitFor()
  await edit.click()
  const [first] = JSON.parse(await value.inputValue()) as { filter: string; qos: number }[]
  expect(first).toMatchObject({ filter: 'news/${clientid}', qos: 1 })
})

test('API keys: one is made, shown once, works for what it was made, and is refused when it is removed', async () => {
  const page = await openPage('/api-keys')
  await page.getByRole('button', { name: 'Make a key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('line-1')
  await dialog.getByLabel('clients', { exact: true }).check()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Make', exact: true }).click()
  const secret = (await dialog.getByText(/^rmq_/).textContent()) ?? ''
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  const headers = { authorization: `Bearer ${secret}` }
  expect((await api('/clients', { headers })).status).toBe(200)
  expect((await api('/topics', { headers })).status).toBe(403)
  expect((await api('/clients/nobody', { method: 'DELETE', headers })).status).toBe(403)
  await page.getByText(secret).waitFor({ state: 'detached' })
  expect(await page.content()).not.toContain(secret)
  await page.getByRole('button', { name: 'Remove line-1' }).click()
  await dialog.getByLabel('Type line-1 to confirm').fill('line-1')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('row', { name: /^line-1/ }).waitFor({ state: 'detached' })
  expect((await api('/clients', { headers })).status).toBe(401)
})

test('audit: what was changed is listed with whoever changed it', async () => {
  await api('/bans', {
    method: 'POST',
    body: JSON.stringify({ kind: 'client-id', value: 'audited' }),
    headers: { 'content-type': 'application/json' },
  })
  onTestFinished(async () => void (await api('/bans?kind=client-id&value=audited', { method: 'DELETE' })))
  const page = await openPage('/audit?actor=this%20machine')
  await page
    .getByRole('row', { name: /this machine Keep somebody out/ })
    .first()
    .waitFor()
  await page.getByLabel('Only of (whole name)').fill('nobody')
  await page.getByText('There is nothing of this name').waitFor()
})
