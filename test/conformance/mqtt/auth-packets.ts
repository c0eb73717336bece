import type { ConnectOptions, Wire } from '../../support/wire.ts'

/** Reason codes of AUTH. */
export const proceed = 0x18
export const reAuthenticate = 0x19

export function auth(reasonCode: number, authenticationMethod: string, data: string) {
  return {
    cmd: 'auth',
    reasonCode,
    properties: { authenticationMethod, authenticationData: Buffer.from(data) },
  } as const
}

/** Sends a CONNECT that names a method. */
export function beginAuthentication(
  wire: Wire,
  authenticationMethod: string,
  data: string,
  options: ConnectOptions = {},
): void {
  const properties = { authenticationMethod, authenticationData: Buffer.from(data) }
  wire.sendConnect({ ...options, properties: { ...properties, ...options.properties } })
}
