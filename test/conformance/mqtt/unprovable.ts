/** Statements that bind a server and that no test on the wire can show, by standard and id, each with its reason. */
export const unprovable: Readonly<Record<'5.0' | '3.1.1', Readonly<Record<string, string>>>> = {
  '5.0': {
    'MQTT-4.2-1': 'the transports are TCP, TLS and WebSocket: ordered and lossless by their own standards',
  },
  '3.1.1': {
    'MQTT-7.0.0-1': 'the server does not connect out as an MQTT client',
    'MQTT-7.1.1-1': 'the transports are TCP, TLS and WebSocket: ordered and lossless by their own standards',
  },
}
