import { createKernel } from '../../kernel/index.ts'
import { mqtt } from '../../protocols/mqtt/index.ts'

/** A broker inside this program. Port 0: any free one. */
export const broker = await createKernel({
  protocols: [{ plugin: mqtt }],
  listeners: [{ name: 'tcp', protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port: 0 }],
})
