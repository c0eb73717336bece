import { test } from 'vitest'
import { checkLook, openPage } from '../page-checks.ts'

test('the page of the API has no violation for axe in either theme, and fits 390 pixels, all of it opened', async () => {
  const page = await openPage('/api/docs')
  await page.getByText('List connected clients').click()
  await page.evaluate(`document.querySelectorAll('details').forEach(one => { one.open = true })`)
  await page.getByText('List connected clients').scrollIntoViewIfNeeded()
  await checkLook(page, 'api-docs')
})
