import type { Command, Option } from 'commander'

const head = `<!-- Made by \`robust-ctl __reference\`; do not edit. -->

# robust-ctl

Every command; [the guide](../guides/robust-ctl.md) shows how they are used. In brackets is what may be left out.

## Everywhere

`

/** The reference of all commands, as Markdown. */
export function reference(program: Command): string {
  return `${head}${optionsOf(program)}${visible(program).map(section).join('')}`
}

function section(command: Command): string {
  return `\n## robust-ctl ${command.name()}\n\n${sentence(command)}\n${leaves(command).map(part).join('')}`
}

/** The commands that do something: not those that only hold others. */
function leaves(command: Command): Command[] {
  const below = visible(command)
  return below.length === 0 ? [command] : below.flatMap(leaves)
}

function part(command: Command): string {
  const options = optionsOf(command)
  const text = command.parent?.parent ? `\n${sentence(command)}\n` : ''
  return `\n### \`${callOf(command)}\`\n${text}${options === '' ? '' : `\n${options}`}`
}

function callOf(command: Command): string {
  const words: string[] = []
  for (let at: Command | null = command; at; at = at.parent) words.unshift(at.name())
  const takes = command.registeredArguments.map(one => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`
    return one.required ? `<${name}>` : `[${name}]`
  })
  const needed = command.options.filter(({ mandatory }) => mandatory).map(({ flags }) => flags.replace(/^-\w, /, ''))
  return [...words, ...takes, ...needed].join(' ')
}

function optionsOf(command: Command): string {
  const rows = command.options.filter(({ hidden }) => !hidden).map(row)
  return rows.length === 0 ? '' : `| option | |\n|---|---|\n${rows.join('\n')}\n`
}

function row({ flags, description, argChoices, defaultValue }: Option): string {
  const choices = argChoices ? `: ${argChoices.map(one => `\`${one}\``).join(', ')}` : ''
  const standard =
    defaultValue === undefined || typeof defaultValue === 'boolean' ? '' : `; \`${defaultValue}\` if not given`
  return `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')}${choices}${standard} |`
}

function sentence(command: Command): string {
  const [first = '', ...rest] = command.description()
  return `${first.toUpperCase()}${rest.join('')}${command.alias() === undefined ? '' : `; also \`${command.alias()}\``}.`
}

function visible(command: Command): Command[] {
  // `help` is commander's own, and hidden commands are not for people.
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(one => one.name() !== 'help')
}
