import { expect, onTestFinished, test } from 'vitest'
import { openPage, violations } from '../page-checks.ts'
import { StandServer } from '../stand.ts'

test('login: a wrong password is refused, the right one opens the overview, and whoever logs out is out', async () => {
  const server = await StandServer.start({ ROBUSTMQ__HTTP__HOST: '0.0.0.0' })
  onTestFinished(() => server.close())
  const password = /Password: (\S+)/.exec(server.process.stderr)?.[1] ?? ''
  const page = await openPage('/clients', { url: `http://127.0.0.1:${server.port}`, allowed: [/401/] })
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('unknown name or wrong password').waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('No client is connected').waitFor()
  await page.getByRole('button', { name: /^admin/ }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
})
