import type { Command } from 'commander'
import { columns } from '../columns.ts'
import type { PublishFlags, SubscribeFlags } from '../mqtt/flags.ts'
import { sessionOf } from '../session.ts'
import { brokerOptions } from './broker-options.ts'
import { addList, wholeNumber } from './list-command.ts'

/** Clients and their messages. */
export function addMqtt(program: Command): void {
  const mqtt = program.command('mqtt').description('clients and their messages')
  const client = mqtt.command('client').description('connected clients')
  addList(client, {
    path: '/clients',
    columns: columns.clients,
    describe: 'connected clients',
    flags: [
      ['--search <text>', 'part of the client id'],
      ['--user <name>', 'of this user'],
      ['--address <text>', 'the beginning of the address'],
    ],
  })
  client
    .command('show <id>')
    .description('one client')
    .action(async (id: string, _, command: Command) => {
      const { api, printer, repeat } = sessionOf(command)
      await repeat(async () => printer.thing(await api.call('GET', `/clients/${encodeURIComponent(id)}`), id))
    })
  client
    .command('kick <id>')
    .description('disconnect a client; it may come back')
    .action(async (id: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', `/clients/${encodeURIComponent(id)}`)
      printer.done(`${id} is disconnected`)
    })
  const session = mqtt.command('session').description('sessions, connected or not')
  addList(session, {
    path: '/sessions',
    columns: columns.sessions,
    describe: 'sessions',
    flags: [['--search <text>', 'part of the client id']],
  })
  session
    .command('end <id>')
    .description('end a session with all that waits in it')
    .action(async (id: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', `/sessions/${encodeURIComponent(id)}`)
      printer.done(`the session of ${id} is over`)
    })
  addList(mqtt.command('topic').description('topics'), {
    path: '/topics',
    columns: columns.topics,
    describe: 'topics with a retained message, and those something was published to lately',
    flags: [
      ['--search <text>', 'part of the topic'],
      ['--system', 'also what begins with $'],
    ],
    query: { all: 'true' },
  })
  addList(mqtt.command('subscription').description('subscriptions'), {
    path: '/subscriptions',
    columns: columns.subscriptions,
    describe: 'subscriptions',
    flags: [
      ['--search <text>', 'part of the filter'],
      ['--client-id <id>', 'of this client'],
    ],
  })
  mqtt
    .command('slow')
    .description('subscribers that take longest to acknowledge')
    .action(async (_, command: Command) => {
      const { api, printer, repeat } = sessionOf(command)
      await repeat(async () => printer.rows((await api.call('GET', '/slow-subscribers')) as never, columns.slow))
    })
  brokerOptions(mqtt.command('publish').alias('pub'))
    .description('publish a message, as an MQTT client')
    .requiredOption('-t, --topic <topic>', 'the topic')
    .option('-p, --payload <text>', 'the payload; none: standard input')
    .option('-r, --retain', 'becomes the retained message of the topic')
    .option('--content-type <type>', 'MQTT 5: what the payload is')
    .option('--response-topic <topic>', 'MQTT 5: where answers go')
    .option('--expiry <seconds>', 'MQTT 5: how long it lives', wholeNumber)
    .option('--property <name=value...>', 'MQTT 5: user properties')
    .action(async (flags: PublishFlags, command: Command) =>
      (await import('../mqtt/publish.ts')).publish(flags, sessionOf(command)),
    )
  brokerOptions(mqtt.command('subscribe').alias('sub'))
    .description('print messages as they come, as an MQTT client')
    .requiredOption('-t, --topic <filter...>', 'topic filters')
    .option('-n, --count <n>', 'end after so many messages', wholeNumber)
    .option('--format <template>', 'a line for each: %t topic, %p payload, %q QoS, %r retain, %j all as JSON')
    .option('--no-retained', 'without what is retained')
    .action(async (flags: SubscribeFlags, command: Command) =>
      (await import('../mqtt/subscribe.ts')).subscribe(flags, sessionOf(command)),
    )
}
