import { createKernel } from '../../kernel/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { mqtt } from '../../protocols/mqtt/index.ts'

/** Another broker, as it would stand elsewhere: orders come from there, results go there. It keeps nothing. */
export class Headquarters {
  readonly url: string
  readonly #kernel: Kernel

  private constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.url = `mqtt://127.0.0.1:${kernel.listeners[0]?.port}`
  }

  static async open(): Promise<Headquarters> {
    const kernel = await createKernel({
      node: 'headquarters',
      protocols: [{ plugin: mqtt }],
      listeners: [{ name: 'tcp', protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port: 0 }],
    })
    return new Headquarters(kernel)
  }

  async close(): Promise<void> {
    await this.#kernel.close()
  }
}
