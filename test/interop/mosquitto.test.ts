import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Publisher, Subscriber } from './mosquitto/clients.ts'
import { describeClient } from './round.ts'
import { startTarget, type Target } from './target.ts'

const install = 'install them (Debian: apt install mosquitto-clients)'

describeClient(
  'mosquitto_pub and mosquitto_sub',
  [
    { command: 'mosquitto_pub', install },
    { command: 'mosquitto_sub', install },
    { command: 'stdbuf', install: 'install GNU coreutils' },
  ],
  () => {
    let target: Target
    beforeAll(async () => {
      target = await startTarget()
    })
    afterAll(() => target[Symbol.asyncDispose]())
    afterEach(() => Subscriber.endAll())

    describe.each(['mqttv31', 'mqttv311', 'mqttv5'] as const)('%s', version => {
      // MQTT 3.1 allows client ids of 23 characters.
      const freshId = () => `mosq-${randomBytes(4).toString('hex')}`
      const freshTopic = (name: string) => `round/mosquitto/${randomBytes(4).toString('hex')}/${name}`
      const sub = (...args: string[]) => Subscriber.start(target, version, args)
      const pub = (...args: string[]) => new Publisher(target, version).run(args)
      const lines = (word: string, count: number) => Array.from({ length: count }, (_, n) => `${word} ${n}`)

      test.each([0, 1, 2])('QoS %i: 20 messages, in order, each once, with their QoS', async qos => {
        const topic = freshTopic('qos')
        const subscriber = await sub('-t', topic, '-q', String(qos))
        const sent = lines('message', 20)
        await new Publisher(target, version).run(
          ['-t', topic, '-q', String(qos), '-l'],
          `${[...sent, 'last'].join('\n')}\n`,
        )
        const got = await subscriber.until('last')
        expect(got.map(({ payload }) => payload)).toEqual(sent)
        expect(new Set(got.map(message => message.qos))).toEqual(new Set([qos]))
      })

      test('a retained message comes with the flag to a new subscriber, without it to a live one, and not once cleared', async () => {
        const topic = freshTopic('retained')
        const live = await sub('-t', topic, '-q', '1')
        await pub('-t', topic, '-q', '1', '-r', '-m', 'kept')
        expect(await live.next()).toMatchObject({ payload: 'kept', retain: false })
        const late = await sub('-t', topic, '-q', '1')
        expect(await late.next()).toMatchObject({ payload: 'kept', retain: true })
        await pub('-t', topic, '-q', '1', '-r', '-n')
        const later = await sub('-t', topic, '-q', '1')
        await pub('-t', topic, '-q', '1', '-m', 'last')
        expect(await later.until('last')).toEqual([])
      })

      test('a will is published when its client is killed, and not when it leaves in order', async () => {
        const topic = freshTopic('will')
        const watcher = await sub('-t', topic, '-q', '1')
        const will = ['--will-topic', topic, '--will-qos', '1', '--will-payload']
        await (await sub('-t', `${topic}/other`, ...will, 'left', '-E')).ended
        const doomed = await sub('-t', `${topic}/other`, ...will, 'gone')
        await doomed.end('SIGKILL')
        expect(await watcher.next()).toMatchObject({ payload: 'gone', qos: 1 })
      })

      test('a session is resumed with what was sent while its client was away, in order and first', async () => {
        const topic = freshTopic('resume')
        const id = freshId()
        const kept = ['-i', id, '-c', '-t', topic, '-q', '1', ...(version === 'mqttv5' ? ['-x', '300'] : [])]
        await (await sub(...kept, '-E')).ended
        const sent = lines('offline', 5)
        await new Publisher(target, version).run(['-t', topic, '-q', '1', '-l'], `${sent.join('\n')}\n`)
        const again = await sub(...kept)
        await pub('-t', topic, '-q', '1', '-m', 'last')
        expect((await again.until('last')).map(({ payload }) => payload)).toEqual(sent)
        await again.end('SIGINT')
        // Leaves no session behind, and finds none afterwards.
        await (await sub('-i', id, '-t', topic, '-E')).ended
      })

      test('each message of a shared subscription reaches exactly one member', async () => {
        const topic = freshTopic('shared')
        const filters = ['-t', `$share/group/${topic}`, '-t', `${topic}/last`, '-q', '1']
        const members = [await sub(...filters), await sub(...filters)]
        const sent = lines('shared', 20)
        await new Publisher(target, version).run(['-t', topic, '-q', '1', '-l'], `${sent.join('\n')}\n`)
        await pub('-t', `${topic}/last`, '-q', '1', '-m', 'last')
        const got = (await Promise.all(members.map(member => member.until('last')))).flat()
        expect(got.map(({ payload }) => payload).sort()).toEqual([...sent].sort())
      })

      test('100 000 bytes arrive unchanged over TLS, the certificate verified', async () => {
        const topic = freshTopic('tls')
        const file = `${target.caFile}.payload-${version}`
        const payload = randomBytes(50_000).toString('hex')
        await writeFile(file, payload)
        const tls = { ...target, port: target.tlsPort }
        const secure = ['--cafile', target.caFile]
        const subscriber = await Subscriber.start(tls, version, ['-t', topic, '-q', '1', ...secure])
        await new Publisher(tls, version).run(['-t', topic, '-q', '1', '-f', file, ...secure])
        const message = await subscriber.next()
        expect(
          message.payload === payload,
          `${message.payload.length} bytes came, not the ${payload.length} sent`,
        ).toBe(true)
      })

      if (version === 'mqttv5') {
        test('a will is published when its client leaves with reason code 0x04, as mosquitto_sub does on SIGINT', async () => {
          const topic = freshTopic('will')
          const watcher = await sub('-t', topic, '-q', '1')
          const leaving = await sub('-t', `${topic}/other`, '--will-topic', topic, '--will-payload', 'left')
          await leaving.end('SIGINT')
          expect(await watcher.next()).toMatchObject({ payload: 'left', qos: 0 })
        })

        test('the properties of a message arrive as they were sent', async () => {
          const topic = freshTopic('properties')
          const subscriber = await sub('-t', topic, '-q', '1')
          const set = (name: string, ...values: string[]) => ['-D', 'publish', name, ...values]
          await pub(
            ...['-t', topic, '-q', '1', '-m', 'x'],
            ...set('content-type', 'text/plain'),
            ...set('response-topic', 'answers/here'),
            ...set('correlation-data', 'c-1'),
            ...set('message-expiry-interval', '60'),
            ...[
              ...set('user-property', 'a', '1'),
              ...set('user-property', 'b', '2'),
              ...set('user-property', 'a', '3'),
            ],
          )
          expect(await subscriber.next()).toEqual({
            payload: 'x',
            qos: 1,
            retain: false,
            properties: 'text/plain|answers/here|c-1|60|a:1 b:2 a:3',
          })
        })
      }
    })
  },
)
