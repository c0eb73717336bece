import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, onTestFinished } from 'vitest'
import { type Clock, createKernel } from '../../../kernel/index.ts'
import { systemClock } from '../../../kernel/system-clock.ts'
import type { ServerLogger } from '../../../server/adapters/pino-logger.ts'
import { catalogue } from '../../../server/catalogue.ts'
import { kernelOptions, loadConfig, type Settings } from '../../../server/config/index.ts'
import { HttpServer } from '../../../server/http/http-server.ts'
import { openApi } from '../../../server/http/openapi.ts'
import { routes } from '../../../server/http/routes.ts'
import { Server } from '../../../server/server.ts'
import type { ConnectOptions, Wire } from '../../support/wire.ts'
import { wire } from '../../support/wire.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any
}

export interface ApiOptions {
  /** Default: this machine only. */
  readonly host?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly hosts?: readonly string[]
  /** Of `robustmq.yaml`. */
  readonly configuration?: string
  /** Of its HTTP side. */
  readonly clock?: Clock
  /** A file of settings that another server has left. */
  readonly settings?: string
}

/** A whole server in this process: a broker with MQTT on a free port, and its HTTP side. */
export class Api {
  readonly server: Server
  readonly http: HttpServer
  readonly data: string
  /** The first account, where one was made. */
  readonly created: { name: string; password: string } | undefined

  private constructor(server: Server, http: HttpServer, data: string, created: Api['created']) {
    this.server = server
    this.http = http
    this.data = data
    this.created = created
  }

  static async start({
    host = '127.0.0.1',
    environment = {},
    hosts = [],
    configuration,
    clock = systemClock,
    settings: left,
  }: ApiOptions = {}): Promise<Api> {
    const folder = await mkdtemp(path.join(tmpdir(), 'http-'))
    const data = path.join(folder, 'data')
    if (configuration !== undefined) await writeFile(path.join(folder, 'robustmq.yaml'), configuration)
    if (left !== undefined) {
      await mkdir(data)
      await copyFile(left, path.join(data, 'settings.json'))
    }
    const read = (settings?: Settings) =>
      loadConfig({
        cwd: folder,
        flags: { data },
        environment: { ROBUSTMQ__LISTENERS: '{"tcp":{"host":"127.0.0.1","port":0}}', ...environment },
        catalogue,
        ...(settings && { settings }),
      })
    const loaded = await read()
    const server = new Server(await createKernel(kernelOptions(loaded, silent)), silent, loaded)
    let created: Api['created']
    const http = await HttpServer.open({
      server,
      clock,
      host,
      port: 0,
      tls: loaded.certificates.http,
      hosts,
      data,
      check: read,
      reload: () => server.reload(read),
      created: (name, password) => {
        created = { name, password }
      },
    })
    onTestFinished(async () => {
      await http.close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    })
    return new Api(server, http, data, created)
  }

  /** Calls, and holds the answer against the OpenAPI document. */
  async call(
    method: string,
    url: string,
    { body, headers }: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.http.url}/api/v1${url}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : isJson(response) ? JSON.parse(text) : text,
    }
    describedBy(method, url, answer)
    return answer
  }

  async get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer['body']> {
    const answer = await this.call('GET', url, headers && { headers })
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    return answer.body
  }

  /** A client of the broker. */
  async client(options: ConnectOptions = {}): Promise<Wire> {
    const opened = await wire(this.server.kernel.listeners[0]?.port ?? 0)
    const { reasonCode } = await opened.connect(options)
    expect(reasonCode).toBe(0)
    return opened
  }
}

const silent: ServerLogger = {
  level: 'info',
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
  hide: () => {},
  watch: () => () => {},
  close: () => {},
}

export const document = openApi(routes) as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

export interface Operation {
  readonly tags: readonly string[]
  readonly 'x-role': string
  readonly parameters: readonly { name: string; in: string; required: boolean }[]
  readonly requestBody?: object
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>
}

const ajv = new Ajv2020({ strict: false, validateFormats: false })
const checks = new Map<object, ReturnType<Ajv2020['compile']>>()

function isJson({ headers }: Response): boolean {
  return /[/+]json\b/.test(headers.get('content-type') ?? '')
}

/** An answer that the document does not describe is a fault, whatever the test looks at. */
function describedBy(method: string, url: string, { status, headers, body }: Answer): void {
  const operation = operationOf(method, url)
  if (!operation) {
    expect([404, 405]).toContain(status)
    return
  }
  const described = operation.responses[String(status)] ?? operation.responses.default
  const type = headers.get('content-type')?.replace(/;.*/, '') ?? ''
  const schema = described?.content?.[type]?.schema
  if (!schema) {
    expect([body, described?.content], `${method} ${url} answers ${status} ${type}`).toEqual([undefined, undefined])
    return
  }
  let check = checks.get(schema)
  if (!check) checks.set(schema, (check = ajv.compile({ ...schema, components: document.components })))
  expect(check(body) ? [] : check.errors, `${method} ${url} answers ${status} ${JSON.stringify(body)}`).toEqual([])
}

export function operationOf(method: string, url: string): Operation | undefined {
  const path = `/api/v1${url.replace(/\?.*/, '')}`
  const templates = Object.keys(document.paths).sort((a, b) => a.split('{').length - b.split('{').length)
  const found = templates.find(template => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path))
  return found === undefined ? undefined : document.paths[found]?.[method.toLowerCase()]
}
