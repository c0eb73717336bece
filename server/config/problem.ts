import { BrokerError } from '../../kernel/plugin.ts'

export type Path = readonly (string | number)[]

/** One mistake in the configuration. */
export interface Problem {
  /** `file:line:column`, `env NAME` or the name of a flag. */
  readonly at: string
  /** `access.rules[0].effect`; empty for the whole document. */
  readonly path: string
  /** The same, step by step. */
  readonly steps: Path
  /** What was expected and what was found; never a secret's value. */
  readonly message: string
}

/** All mistakes of a configuration at once; its message is what a terminal shows, a line each. */
export class ConfigError extends BrokerError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('CONFIG_INVALID', problems.map(line).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export function formatPath(path: Path): string {
  let text = ''
  for (const step of path)
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  return text
}

function line({ at, path, message }: Problem): string {
  return path === '' ? `${at} ${message}` : `${at} ${path}: ${message}`
}
