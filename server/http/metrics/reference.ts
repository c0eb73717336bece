import { emqxNames } from './emqx-names.ts'
import { type ProcessNumber, processNumbers } from './metrics.ts'
import { exportedName, numbers } from './numbers.ts'

const sections: readonly { title: string; of: RegExp }[] = [
  { title: 'Connections and logins', of: /^(net|logins)_/ },
  { title: 'MQTT', of: /^mqtt_/ },
  { title: 'Bridges', of: /^bridge_/ },
  { title: 'Memory', of: /^(memory|publishes_delayed)/ },
  { title: 'Messages, queues, sessions', of: /./ },
]

const head = `<!-- Made by \`robust-server metrics reference\`; do not edit. -->

# Numbers in /metrics

What \`GET /metrics\` tells Prometheus: [operations](../guides/operations.md) has the rules and the board that read it. No label is ever a client id or
a topic. Every \`reason\` is there from the start; counters begin at 0 when the server starts.
`

/** The reference of all numbers, as Markdown. */
export async function metricsReference(): Promise<string> {
  const left = new Map(Object.entries(numbers))
  const ours = sections.map(({ title, of }) => {
    const rows: string[] = []
    for (const [name, { type, help, labels }] of left) {
      if (!of.test(name)) continue
      left.delete(name)
      rows.push(row(exportedName(name, type), type, labels.map(label => `\`${label}\``).join(', '), help))
    }
    return table(title, '| number | type | labels | meaning |\n|---|---|---|---|', rows)
  })
  const process = (await processNumbers()).sort(byName).map(({ name, type, help }) => row(name, type, sentence(help)))
  const emqx = emqxNames.map(({ name, type, of }) => row(name, type, of.map(one => `\`${one}\``).join(' + ')))
  return [
    head,
    ...ours,
    table('The process', '| number | type | meaning |\n|---|---|---|', process),
    table("EMQX's names: `/metrics?compat=emqx`", '| number | type | counted as |\n|---|---|---|', emqx),
  ].join('\n')
}

function table(title: string, columns: string, rows: readonly string[]): string {
  return `## ${title}\n\n${columns}\n${rows.join('\n')}\n`
}

function row(name: string, ...cells: string[]): string {
  return `| \`${name}\` | ${cells.join(' | ')} |`
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}

function byName(a: ProcessNumber, b: ProcessNumber): number {
  return a.name < b.name ? -1 : 1
}
