import { Argument, type Command } from 'commander'
import type { Row } from '../api-client.ts'
import { sessionOf } from '../session.ts'

/** Names that the server is asked for, by the path of the command whose argument they are. */
const live: Readonly<Record<string, readonly [path: string, field: string]>> = {
  'mqtt client show': ['/clients', 'clientId'],
  'mqtt client kick': ['/clients', 'clientId'],
  'mqtt session end': ['/sessions', 'clientId'],
  'retained show': ['/retained', 'topic'],
  'retained clear': ['/retained', 'topic'],
  'user remove': ['/users', 'name'],
  'acl explain': ['/clients', 'clientId'],
  'bridge show': ['/bridges', 'name'],
  'bridge test': ['/bridges', 'name'],
  'bridge pause': ['/bridges', 'name'],
  'bridge resume': ['/bridges', 'name'],
  'bridge config': ['/bridges', 'name'],
  'bridge set': ['/bridges', 'name'],
  'bridge remove': ['/bridges', 'name'],
  'bridge types': ['/bridge-types', 'type'],
  'bridge connection show': ['/connections', 'name'],
  'bridge connection test': ['/connections', 'name'],
  'bridge connection set': ['/connections', 'name'],
  'bridge connection remove': ['/connections', 'name'],
  'trace show': ['/traces', 'name'],
  'trace watch': ['/traces', 'name'],
  'trace stop': ['/traces', 'name'],
  'trace download': ['/traces', 'name'],
  'trace delete': ['/traces', 'name'],
  'api-key delete': ['/api-keys', 'id'],
}

/** More names help nobody to choose. */
const mostNames = 200

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and live names')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action((shell: keyof typeof scripts) => {
      process.stdout.write(scripts[shell])
    })
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: readonly string[], _, command: Command) => {
      const found = await completions(program, words, command)
      process.stdout.write(found.map(one => `${one}\n`).join(''))
    })
}

/** `words`: what stands after the program's name; the last is being typed. */
async function completions(program: Command, words: readonly string[], asked: Command): Promise<readonly string[]> {
  const typed = words.at(-1) ?? ''
  let at = program
  const path: string[] = []
  for (const word of words.slice(0, -1)) {
    const next = at.commands.find(one => one.name() === word || one.aliases().includes(word))
    if (!next) continue
    at = next
    path.push(next.name())
  }
  const options = [...at.options, ...program.options].flatMap(({ long }) => (long ? [long] : []))
  const commands = at.commands.map(one => one.name()).filter(name => !name.startsWith('__') && name !== 'help')
  const names = commands.length > 0 ? commands : await liveNames(path.join(' '), asked)
  return [...new Set(typed.startsWith('-') ? options : names)].filter(one => one.startsWith(typed))
}

/** A server that does not answer completes nothing. */
async function liveNames(path: string, command: Command): Promise<readonly string[]> {
  const [from, field] = live[path] ?? []
  if (from === undefined || field === undefined) return []
  try {
    const rows: Row[] = await sessionOf(command).api.list(from, {}, mostNames)
    return rows.map(row => String(row[field])).filter(name => /^[\x21-\x7e]+$/.test(name))
  } catch {
    return []
  }
}

const scripts = {
  bash: `# robust-ctl completion bash > /etc/bash_completion.d/robust-ctl
_robust_ctl() {
  local IFS=$'\\n'
  COMPREPLY=($(robust-ctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _robust_ctl robust-ctl
`,
  zsh: `#compdef robust-ctl
# robust-ctl completion zsh > "\${fpath[1]}/_robust-ctl"
_robust_ctl() {
  local -a found
  found=("\${(@f)$(robust-ctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _robust_ctl robust-ctl
`,
  fish: `# robust-ctl completion fish > ~/.config/fish/completions/robust-ctl.fish
complete -c robust-ctl -f -a '(robust-ctl __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
} as const
