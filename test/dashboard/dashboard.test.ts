import { afterAll, beforeAll } from 'vitest'
import { describeWith } from '../support/skipping.ts'
import { missingBrowser } from './browser.ts'
import { stand } from './stand.ts'

// One file, so that one server and one browser serve all pages. Each page's tests are in pages/.
describeWith(missingBrowser, 'the dashboard', async () => {
  beforeAll(() => stand.open())
  afterAll(() => stand.close())

  await import('./pages/login.ts')
  await import('./pages/shell.ts')
  await import('./pages/overview.ts')
  await import('./pages/bridges.ts')
  await import('./pages/bridge-form.ts')
  await import('./pages/topics.ts')
  await import('./pages/messages.ts')
  await import('./pages/clients.ts')
  await import('./pages/test-client.ts')
  await import('./pages/users.ts')
  await import('./pages/acl.ts')
  await import('./pages/bans.ts')
  await import('./pages/flapping.ts')
  await import('./pages/accounts.ts')
  await import('./pages/watch.ts')
  await import('./pages/operation.ts')
  await import('./pages/traces.ts')
  await import('./pages/api-docs.ts')
})
