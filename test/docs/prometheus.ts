import { fixedPort } from '../faults/fixed-port.ts'
import { Random } from '../support/random.ts'
import { startProgram } from '../support/started-program.ts'

/** A real Prometheus with the configuration of a folder; ends with the test. */
export class Prometheus {
  readonly #url: string

  private constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/api/v1`
  }

  static async start(folder: string): Promise<Prometheus> {
    const port = await fixedPort(new Random(process.pid))
    const command = [
      'prometheus',
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=metrics',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.format=json',
    ]
    await startProgram(command, { cwd: folder, ready: 'Server is ready', signal: 'SIGKILL' })
    return new Prometheus(port)
  }

  /** The series that a query has now. @throws Error for one that does not parse */
  async query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]> {
    const { data, error } = await this.#get(`/query?query=${encodeURIComponent(expression)}`)
    if (error !== undefined) throw new Error(`${expression}: ${error}`)
    const { result } = data as { result: { metric: Record<string, string>; value: [number, string] }[] }
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
  }

  /** The state of each rule, by its name. */
  async rules(): Promise<Record<string, string>> {
    const { groups } = (await this.#get('/rules')).data as { groups: { rules: { name: string; health: string }[] }[] }
    return Object.fromEntries(groups.flatMap(({ rules }) => rules.map(({ name, health }) => [name, health])))
  }

  async #get(path: string): Promise<{ data?: unknown; error?: string }> {
    return (await fetch(`${this.#url}${path}`)).json() as Promise<{ data?: unknown; error?: string }>
  }
}
