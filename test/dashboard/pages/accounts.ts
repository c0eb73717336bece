import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { checkPage, openPage, violations } from '../page-checks.ts'
import { StandServer } from '../stand.ts'

const password = 'correct horse battery'

/** Of a server of its own: where there are accounts, everybody logs in. */
async function openAlone(path: string): Promise<{ page: Page; server: StandServer }> {
  const server = await StandServer.start()
  onTestFinished(() => server.close())
  return { server, page: await openPage(path, { url: server.url, allowed: [/40[019]/] }) }
}

async function logIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

checkPage({
  name: 'accounts',
  path: '/accounts',
  open: async path => {
    const { page, server } = await openAlone(path)
    const put = (name: string, role: string, cookie = '') =>
      fetch(`${server.url}/api/v1/accounts/${name}`, {
        method: 'PUT',
        body: JSON.stringify({ role, password }),
        headers: { 'content-type': 'application/json', cookie },
      })
    await put('anna', 'admin')
    const entered = await fetch(`${server.url}/api/v1/login`, {
      method: 'POST',
      body: JSON.stringify({ name: 'anna', password }),
      headers: { 'content-type': 'application/json' },
    })
    const cookie = entered.headers.get('set-cookie')?.replace(/;.*/, '') ?? ''
    await put('boris', 'operator', cookie)
    await put('night-shift', 'viewer', cookie)
    await page.reload()
    await logIn(page, 'anna')
    return page
  },
  ready: page => page.getByRole('row', { name: /^night-shift/ }).waitFor(),
})

test('accounts: the first is an admin and closes the door, others come after it, and the last admin stays', async () => {
  const { page } = await openAlone('/accounts')
  const dialog = page.getByRole('dialog')
  await page.getByText('nobody needs to log in until there is an account').waitFor()
  await page.getByRole('button', { name: 'Add account' }).click()
  await dialog.getByLabel('Name').fill('anna')
  await dialog.getByLabel('Password').fill('short')
  await dialog.getByRole('button', { name: 'Add account' }).click()
  await dialog.getByText(/8 characters or more/).waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByRole('button', { name: 'Add account' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await logIn(page, 'anna')
  await page.getByRole('row', { name: /^anna you admin/ }).waitFor()

  await page.getByRole('button', { name: 'Add account' }).click()
  await dialog.getByLabel('Name').fill('anna')
  await dialog.getByText('There is an account of this name').waitFor()
  await dialog.getByLabel('Name').fill('boris')
  await dialog.getByLabel('Role').selectOption('operator')
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByRole('button', { name: 'Add account' }).click()
  await page.getByRole('row', { name: /^boris operator/ }).waitFor()

  await page.getByRole('button', { name: 'Remove anna' }).click()
  await dialog.getByLabel('Type anna to confirm').fill('anna')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('the last admin must stay').first().waitFor()

  await page.getByRole('button', { name: 'Change boris' }).click()
  await dialog.getByLabel('Role').selectOption('admin')
  await dialog.getByLabel('Password').fill('another long password')
  await dialog.getByRole('button', { name: 'Set' }).click()
  await page.getByRole('row', { name: /^boris admin/ }).waitFor()
  await page.getByRole('button', { name: 'Remove anna' }).click()
  await dialog.getByLabel('Type anna to confirm').fill('anna')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
})
