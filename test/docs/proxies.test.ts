import { existsSync } from 'node:fs'
import net from 'node:net'
import { generate } from 'mqtt-packet'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { fixedPort } from '../faults/fixed-port.ts'
import { missingTool } from '../interop/toolchain.ts'
import { testFolder } from '../server/support/config.ts'
import { startBroker } from '../support/broker.ts'
import { Random } from '../support/random.ts'
import { describeWith } from '../support/skipping.ts'
import { startProgram } from '../support/started-program.ts'
import { snippetWith } from './snippets.ts'

const guide = 'docs/guides/listeners.md'
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so'

/** A proxy of the guide: how it is started with its snippet, and the line with which it says that it listens. */
interface Proxy {
  readonly file: string
  readonly listens: string
  command(folder: string): readonly string[]
  /** The snippet is a part of it. */
  configuration(snippet: string): string
}

const haproxy: Proxy = {
  file: 'haproxy.cfg',
  listens: 'Loading success',
  command: () => ['haproxy', '-W', '-f', 'haproxy.cfg'],
  configuration: snippet => snippet.replace('bind :', 'bind 127.0.0.1:'),
}

const nginx: Proxy = {
  file: 'nginx.conf',
  listens: 'start worker process',
  command: folder => ['nginx', '-p', folder, '-e', 'stderr', '-c', 'nginx.conf'],
  configuration: snippet =>
    [
      `load_module ${streamModule};`,
      'daemon off; pid nginx.pid; error_log stderr notice; events { }',
      `stream { ${snippet.replace('listen ', 'listen 127.0.0.1:')} }`,
    ].join('\n'),
}

/** A client of this address has come through, as the broker sees it. */
async function cameThrough(proxy: Proxy, snippet: string): Promise<void> {
  const yaml = parse(snippetWith(guide, 'yaml', 'proxyFrom')) as { listeners: { tcp: { proxyFrom: string[] } } }
  const { proxyFrom } = yaml.listeners.tcp
  const behind = { name: 'behind', protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port: 0, proxyFrom } as const
  await using broker = await startBroker({ listeners: [behind] })
  const connected = new Promise<unknown>(resolve =>
    broker.kernel.events.on('client.connected', ({ address }) => resolve(address)),
  )
  const port = await fixedPort(new Random(process.pid))
  const folder = testFolder({
    [proxy.file]: proxy
      .configuration(snippet)
      .replaceAll('1884', String(broker.portOf('behind')))
      .replaceAll('1883', String(port)),
  })
  await startProgram(proxy.command(folder), { cwd: folder, ready: proxy.listens, signal: 'SIGTERM' })
  const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.7' })
  onTestFinished(() => void client.destroy())
  client.write(generate({ cmd: 'connect', clientId: 'far', protocolId: 'MQTT', protocolVersion: 4, clean: true }))
  expect(await connected).toBe('127.0.0.7')
}

const noHaproxy = missingTool([
  { command: 'haproxy', versionArguments: ['-v'], install: 'Debian: apt-get install haproxy' },
])
const noNginx =
  missingTool([{ command: 'nginx', versionArguments: ['-v'], install: 'Debian: apt-get install nginx-light' }]) ??
  (existsSync(streamModule) ? undefined : 'nginx has no stream module - Debian: apt-get install libnginx-mod-stream')

describeWith(noHaproxy, 'HAProxy', () => {
  test('passes a client on with its own address', () =>
    cameThrough(haproxy, snippetWith(guide, 'haproxy', 'listen mqtt')))
})

describeWith(noNginx, 'nginx', () => {
  test('passes a client on with its own address', () =>
    cameThrough(nginx, snippetWith(guide, 'nginx', 'proxy_protocol on')))
})
