import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'

checkPage({
  name: 'overview',
  path: '/',
  ready: page => page.locator('.uplot canvas').nth(5).waitFor(),
})

test('overview: numbers move every second, and steps that were done are green', async () => {
  const page = await openPage('/')
  const rate = page.getByText(/^\d[\d,.]* in all/).first()
  const before = await rate.textContent()
  await page.getByText(`${before}`, { exact: true }).first().waitFor({ state: 'detached' })
  await expect.poll(() => page.locator('li[data-done=true]').count()).toBe(3)
})

test('overview: the time span is in the address, and its history comes from the server', async () => {
  const page = await openPage('/')
  const asked = page.waitForResponse(response => response.url().endsWith('/history?span=1h'))
  await page.getByText('1 h', { exact: true }).click()
  expect((await asked).status()).toBe(200)
  await page.waitForURL(({ search }) => search === '?span=1h')
})
