import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { apiTypes } from './api-types.ts'

const file = path.join(import.meta.dirname, '../../dashboard/api/routes.ts')

test('the dashboard calls the API by the types of its document', () => {
  const expected = apiTypes()
  if (process.env.UPDATE === '1') writeFileSync(file, expected)
  expect(readFileSync(file, 'utf8'), 'run UPDATE=1 npx vitest run test/dashboard/api-types.test.ts').toBe(expected)
})
