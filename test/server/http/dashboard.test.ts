import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { build } from '../../support/build.ts'
import { Api } from './api.ts'

beforeAll(build)

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
}

/** Without the decoding of `fetch`. */
function get(url: string, headers: Readonly<Record<string, string>> = {}, path?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(url, { headers, ...(path !== undefined && { path }) }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      )
    })
      .on('error', reject)
      .end()
  })
}

const browser = { accept: 'text/html,*/*' }

test('the dashboard is at / and at each of its addresses, and asks nothing of others', async () => {
  const { http } = await Api.start()
  const first = await get(`${http.url}/`)
  expect([first.status, first.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  expect(first.headers['content-security-policy']).not.toContain('unsafe')
  const head = await fetch(`${http.url}/`, { method: 'HEAD' })
  expect([head.status, Number(head.headers.get('content-length')) > 0, await head.text()]).toEqual([200, true, ''])
  const deep = await get(`${http.url}/clients?search=a`, browser)
  expect(deep.bytes.equals(first.bytes)).toBe(true)
  const places = [...first.bytes.toString().matchAll(/(?:src|href)="([^"]+)"/g)].map(([, place]) => place)
  expect(places.length).toBeGreaterThanOrEqual(3)
  for (const place of places) expect(place).toMatch(/^\/[^/]/)
})

test('what never changes is kept for ever, and comes compressed once for all', async () => {
  const { http } = await Api.start()
  const html = (await get(`${http.url}/`)).bytes.toString()
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''
  const plain = await get(http.url + script)
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  const brotli = await get(http.url + script, { 'accept-encoding': 'gzip, deflate, br' })
  expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
  expect(brotliDecompressSync(brotli.bytes).equals(plain.bytes)).toBe(true)
  const gzip = await get(http.url + script, { 'accept-encoding': 'gzip, br;q=0' })
  expect(gzip.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true)
})

test('the page itself is asked for again, and answered with nothing while it is the same', async () => {
  const { http } = await Api.start()
  const { headers } = await get(`${http.url}/`)
  expect(headers['cache-control']).toBe('no-cache')
  const again = await get(`${http.url}/`, { 'if-none-match': String(headers.etag) })
  expect([again.status, again.bytes.length]).toEqual([304, 0])
})

test('what is not there is a problem document for programs, and so is a missing file', async () => {
  const { http } = await Api.start()
  for (const path of ['/api/v1/nothing', '/assets/gone.js', '/metrics/x', '/gone.png', '/../package.json']) {
    const { status, headers } = await get(http.url + path, browser)
    expect([path, status, String(headers['content-type'])]).toEqual([
      path,
      404,
      expect.stringMatching(/^application.problem.json/),
    ])
  }
  expect((await get(`${http.url}/clients`)).status).toBe(404)
})

test('no path leads out of the files of the dashboard, however it is written [hostile 34]', async () => {
  const { http } = await Api.start()
  const up = ['..', '%2e%2e', '.%2e', '%252e%252e', '..%2f..', '..%5c..', '..\\\\..', '....//', '%c0%ae%c0%ae', '..;']
  const places = ['package.json', 'server/main.js', 'etc/passwd']
  for (const step of up) {
    for (const place of places) {
      for (const prefix of ['/', '/assets/', '//', '/api/v1/']) {
        const path = `${prefix}${`${step}/`.repeat(prefix === '/assets/' ? 2 : 1)}${place}`
        const { status } = await get(http.url, {}, path)
        expect([path, [400, 401, 404].includes(status) || status]).toEqual([path, true])
      }
    }
  }
  for (const path of [
    '/index.html%00.js',
    '/assets',
    '/assets/',
    `/${'../'.repeat(20)}etc/passwd`,
    '/C:/windows/win.ini',
  ])
    expect([path, (await get(http.url, {}, path)).status >= 400]).toEqual([path, true])
})
