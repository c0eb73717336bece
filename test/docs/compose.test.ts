import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { missingTool } from '../interop/toolchain.ts'
import { Docker, dockerTools } from '../support/services/docker/docker.ts'
import { makeImages } from '../support/services/docker/images.ts'
import { describeUnless, describeWith, noNamespaces } from '../support/skipping.ts'
import { commandsOf, snippetWith } from './snippets.ts'

const root = join(import.meta.dirname, '../..')
const guide = (part: string) => snippetWith('docs/guides/operations.md', 'sh', part)
const compose = readFileSync(join(root, 'compose.yaml'), 'utf8')
const { services } = parse(compose) as {
  services: { robustmq: { ulimits: { nofile: number } }; prometheus: { image: string } }
}
const tools = [
  ...dockerTools,
  { command: 'prometheus', install: 'Debian: apt-get install prometheus' },
  { command: 'mosquitto_pub', versionArguments: ['--help'], install: 'Debian: apt-get install mosquitto-clients' },
]

const missing = missingTool(tools)
const tried = noNamespaces ?? (missing === undefined ? await Docker.tried() : undefined)

describeUnless(typeof tried === 'string' ? tried : undefined, 'the container of operations.md', () => {
  describeWith(missing, 'on a Docker of its own', () => {
    const docker = tried as Docker
    const folder = mkdtempSync(join(tmpdir(), 'compose-'))
    const checkout = join(folder, 'robustmq')
    let password = ''

    /** What is typed in the checkout. Debian's Compose is a program, and does not see that nobody is at a terminal. */
    const type = (text: string, input = '') => {
      const command = text.replaceAll('docker compose', 'docker-compose').replaceAll(' exec ', ' exec -T ')
      return docker.run(command, { cwd: checkout, input, environment: { COMPOSE_FILE: 'compose.yaml:limits.yaml' } })
    }
    const inContainer = (command: string) => type(`docker compose exec robustmq ${command}`)
    const container = async () => (await type('docker compose ps --quiet robustmq')).trim()
    const inspect = async (what: string, id?: string) =>
      (await docker.run(`docker inspect --format '{{${what}}}' ${id ?? (await container())}`)).trim()
    const near = (command: string) => docker.near(command, { cwd: checkout })
    const ready = () => near('curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors localhost:8080/readyz')

    beforeAll(async () => {
      // Without what builds and other tests write meanwhile; the image needs none of it.
      const left = ['.git', '.vitepress', 'dist', 'node_modules', 'test']
      cpSync(root, checkout, { recursive: true, filter: path => !left.includes(basename(path)) })
      // A Docker that may not raise limits gives a container at most what it has itself.
      const own = Number(spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout) || Number.POSITIVE_INFINITY
      const nofile = Math.min(own, services.robustmq.ulimits.nofile)
      writeFileSync(join(checkout, 'limits.yaml'), JSON.stringify({ services: { robustmq: { ulimits: { nofile } } } }))
      await makeImages(docker, { prometheus: services.prometheus.image })
    }, 240_000)
    afterAll(async () => {
      await docker[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    }, 120_000)

    test('Compose understands the file, and would notice a mistake', async () => {
      await type('docker compose config --quiet')
      writeFileSync(join(checkout, 'mistake.yaml'), compose.replace('depends_on:', 'depends:'))
      await expect(type('docker compose --file mistake.yaml config --quiet')).rejects.toThrow('depends')
    })

    test('what the guide says to type builds the image and starts a broker that is healthy, and shows the password', async () => {
      const [up = '', logs = ''] = commandsOf(guide('docker compose up'))
      await type(up)
      const shown = async () => {
        password = /Name: admin {3}Password: (\S+)/.exec(await type(logs))?.[1] ?? ''
        return password
      }
      await expect.poll(shown, { interval: 200, timeout: 60_000 }).not.toBe('')
      await expect.poll(() => inspect('.State.Health.Status'), { interval: 500, timeout: 60_000 }).toBe('healthy')
    }, 240_000)

    test('it runs as node without rights, on files that it cannot change but for the volume', async () => {
      const asked = await inContainer(`sh -c '
        id -un
        grep -E "^(CapBnd|NoNewPrivs):" /proc/self/status
        for place in /var/lib/robustmq /opt/robustmq /etc/robustmq /home/node; do
          touch $place/written 2>/dev/null && echo "writes $place"
        done
        rm /var/lib/robustmq/written'`)
      expect(asked.trim().split('\n')).toEqual([
        'node',
        'CapBnd:\t0000000000000000',
        'NoNewPrivs:\t1',
        'writes /var/lib/robustmq',
      ])
    })

    test('its health check notices a broker that does not answer', async () => {
      const [kind, ...command] = JSON.parse(await inspect('json .Config.Healthcheck.Test')) as string[]
      expect(kind).toBe('CMD')
      const check = command.map(word => `'${word}'`).join(' ')
      await inContainer(check)
      await expect(inContainer(`env ROBUSTMQ__HTTP__PORT=1 ${check}`)).rejects.toThrow('Command failed')
    })

    test('its ports answer on the machine, to users alone, and messages are there again in another container', async () => {
      await type(guide('user add'), 'a long password\n')
      await ready()
      const alice = "-h localhost -u alice -P 'a long password' -t kept -q 1"
      await expect(near('mosquitto_pub -h localhost -t kept -m refused')).rejects.toThrow('not authorised')
      await near(`mosquitto_sub ${alice} --id reader --disable-clean-session -E`)
      await near(`mosquitto_pub ${alice} -m 'for a reader who is away'`)
      const first = await container()

      await type('docker compose down')
      await type('docker compose up --detach robustmq')
      await ready()
      expect(await container()).not.toBe(first)
      const message = await near(`mosquitto_sub ${alice} --id reader --disable-clean-session -C 1 -W 30`)
      expect(message).toBe('for a reader who is away\n')
      const webSocket = `
        const { connectAsync } = (await import('mqtt')).default
        const client = await connectAsync('ws://localhost:8083/mqtt', { username: 'alice', password: 'a long password' })
        await client.endAsync()`
      await docker.near(`node --input-type=module --eval "${webSocket}"`, { cwd: root })
    })

    test('Prometheus has its numbers by the key that the guide makes, and all rules', async () => {
      await near(guide('metrics-key').replace('PASSWORD', password))
      await type('docker compose up --detach prometheus')
      const ask = async (path: string) => {
        const answer = await near(
          `curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors 'localhost:9090/api/v1/${path}'`,
        )
        return JSON.parse(answer) as { data: { result: { value: [number, string] }[]; groups: { file: string }[] } }
      }
      const up = async () => (await ask('query?query=up')).data.result.map(({ value }) => value[1])
      await expect.poll(up, { interval: 500, timeout: 60_000 }).toEqual(['1'])
      expect((await ask('rules')).data.groups.map(({ file }) => file)).toEqual(['/etc/prometheus/alerts.yaml'])
    })

    test('without Compose, SIGTERM reaches the broker, which ends in order', async () => {
      const id = (await docker.run(`docker run --detach ${await inspect('.Image')}`)).trim()
      await expect.poll(() => docker.run(`docker logs ${id}`), { interval: 200, timeout: 60_000 }).toContain('"ready"')
      await docker.run(`docker stop --time 60 ${id}`)
      expect(await inspect('.State.ExitCode', id)).toBe('0')
      expect(await docker.run(`docker logs ${id}`)).toContain('"stopped"')
    })
  })
})
