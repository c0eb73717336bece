import { type Command, Option } from 'commander'

/** How a command that speaks MQTT reaches the broker. */
export function brokerOptions(command: Command, { qos }: { qos: '0' | '1' } = { qos: '0' }): Command {
  return command
    .option('-b, --broker <url>', 'mqtt://, mqtts://, ws:// or wss://; none: found by the HTTP API')
    .addOption(new Option('--mqtt-version <version>', 'the protocol').choices(['3.1', '3.1.1', '5']).default('5'))
    .addOption(new Option('-q, --qos <qos>', 'quality of service').choices(['0', '1', '2']).default(qos))
    .option('-i, --client-id <id>', 'the client id')
    .option('-u, --username <name>', 'the user; its password is read from ROBUSTMQ_PASSWORD')
    .option('--ca <file>', 'PEM file: authorities that the server is checked against')
    .option('--cert <file>', 'PEM file: the certificate of this client')
    .option('--key <file>', 'PEM file: its key')
    .option('--insecure', 'take any certificate')
}
