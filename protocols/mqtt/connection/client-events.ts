import type { Connect } from '../codec/index.ts'
import type { Client } from './client.ts'

// Written out twice: two objects of a shape of their own cost less than one that is put together.

export function tellConnected(client: Client, { cleanStart, keepAlive }: Connect): void {
  const { peer, listener } = client.connection
  client.mqtt.host.events.emit('client.connected', {
    clientId: client.clientId,
    username: client.user ?? null,
    tenant: client.space.principal.tenant,
    address: peer.address,
    port: peer.port,
    listener,
    protocolLevel: client.level,
    cleanStart,
    keepAlive,
  })
}

export function tellDisconnected(client: Client, reason: string): void {
  const { peer, listener } = client.connection
  client.mqtt.host.events.emit('client.disconnected', {
    clientId: client.clientId,
    username: client.user ?? null,
    tenant: client.space.principal.tenant,
    address: peer.address,
    port: peer.port,
    listener,
    protocolLevel: client.level,
    reason,
  })
}
