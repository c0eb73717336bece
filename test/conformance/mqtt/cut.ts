import type { TestBroker } from '../../support/broker.ts'
import type { Wire } from '../../support/wire.ts'

/** Cuts the connection and waits until the broker has noticed, so that its time can be advanced from there. */
export async function cut(broker: TestBroker, client: Wire): Promise<void> {
  const noticed = new Promise<void>(resolve => {
    const off = broker.kernel.events.on('session.detached', () => {
      off()
      resolve()
    })
  })
  await client.drop()
  await noticed
}
