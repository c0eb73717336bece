import { checkAuthentication } from './connect.ts'
import type { Cursor } from './cursor.ts'
import { malformed, unspoken, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'
import type { Auth, Disconnect, ProtocolLevel } from './packets.ts'
import { noProperties } from './properties.ts'
import { readProperties } from './property-reader.ts'

/** Reason codes that a client may disconnect with. [MQTT-3.14.2-1] */
const reasons = new Set([0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99])
const continueAuthentication = 0x18
const reAuthenticate = 0x19

/** Nothing before 5.0. Then: nothing, a reason code, or a reason code and properties. */
export function readDisconnect(cursor: Cursor, level: ProtocolLevel): Disconnect {
  let reasonCode = 0
  let properties = noProperties
  if (level === 5 && cursor.remaining > 0) {
    reasonCode = cursor.uint8()
    // Who says good-bye is not answered, whatever the reason.
    if (!reasons.has(reasonCode)) throw unspoken(`reason code ${reasonCode} is none of a client's DISCONNECT`)
    if (cursor.remaining > 0) properties = readProperties(cursor, packetType.disconnect)
  }
  cursor.finish()
  return { type: 'disconnect', reasonCode, properties }
}

/** A reason code and properties, among them the method. [MQTT-3.15.2-1] */
export function readAuth(cursor: Cursor, level: ProtocolLevel): Auth {
  if (level !== 5) throw malformed('AUTH does not exist before MQTT 5.0')
  const reasonCode = cursor.remaining > 0 ? cursor.uint8() : 0
  if (reasonCode !== continueAuthentication && reasonCode !== reAuthenticate) {
    throw violation(`reason code ${reasonCode} is none of a client's AUTH`)
  }
  const properties = readProperties(cursor, packetType.auth)
  cursor.finish()
  if (properties.authenticationMethod === undefined) throw violation('AUTH without a method')
  checkAuthentication(properties)
  return { type: 'auth', reasonCode, properties }
}
