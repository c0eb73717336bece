import { expect, test } from 'vitest'
import { Api, document } from './api.ts'

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map(
    method => `<span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code>`,
  ),
)

test('the page of the API has every operation, and asks nobody for anything', async () => {
  const api = await Api.start()
  const response = await fetch(`${api.http.url}/api/docs`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const policy = response.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/script-src|connect-src|https?:/)
  const page = await response.text()
  expect(operations.filter(operation => !page.includes(operation))).toEqual([])
  expect(page).not.toMatch(/<script|<iframe|https?:\/\//)
})

test('fields are told with their type, and those of lists and of objects within', async () => {
  const api = await Api.start()
  const page = await (await fetch(`${api.http.url}/api/docs`)).text()
  const row = (name: string, type: string) => `<tr><td><code>${name}</code></td><td>${type}</td>`
  expect(page).toContain(row('qos', '0 | 1 | 2'))
  expect(page).toContain(row('limit (query)', 'integer'))
  expect(page).toContain(row('data[].clientId', 'string'))
  expect(page).toContain(row('data.node.memory', 'object'))
})
