import { expect, onTestFinished, test } from 'vitest'
import { openPage, violations } from '../page-checks.ts'
import { StandServer } from '../stand.ts'

test('a server that is lost is told, and the page comes back by itself', async () => {
  const first = await StandServer.start()
  onTestFinished(() => first.close())
  const page = await openPage('/clients', {
    url: first.url,
    allowed: [/ERR_CONNECTION_(REFUSED|RESET)|ERR_INCOMPLETE|ERR_EMPTY/],
  })
  await page.getByText('No client is connected').waitFor()
  await first.process.end()
  const banner = page.getByText('Connection to the server lost')
  await banner.waitFor()
  expect(await violations(page)).toEqual([])
  const second = await StandServer.start({ ROBUSTMQ__HTTP__PORT: first.port })
  onTestFinished(() => second.close())
  await banner.waitFor({ state: 'detached' })
})

test('the palette finds pages, clients and commands by keys alone', async () => {
  const page = await openPage('/', { fresh: true })
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('histor')
  await page.getByRole('option', { name: /historian/ }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'historian' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('dark')
  await page.keyboard.press('Enter')
  await page.waitForFunction(`document.documentElement.style.colorScheme === 'dark'`)
})

test('everything can be read in Chinese, and the choice is kept', async () => {
  const page = await openPage('/clients', { fresh: true })
  await page.getByRole('button', { name: 'Theme and language' }).click()
  expect(await violations(page)).toEqual([])
  await page.getByRole('menuitemradio', { name: '中文' }).click()
  await page.getByRole('heading', { name: '客户端', level: 1 }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: '客户端', level: 1 }).waitFor()
  await page.waitForFunction(`document.documentElement.lang === 'zh-CN'`)
})

test('where it is narrow, the navigation is a drawer', async () => {
  const page = await openPage('/')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('button', { name: 'Navigation' }).click()
  await page.getByRole('dialog').getByRole('link', { name: 'Clients', exact: true }).click()
  await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})

test('an unknown address is told, and leads back', async () => {
  const page = await openPage('/no/such/page')
  await page.getByRole('link', { name: 'To the overview' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
})
