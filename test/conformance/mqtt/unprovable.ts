/** Statements that bind a server and that no test on the wire can show, by standard and id, each with its reason. */
export const unprovable: Readonly<Record<'5.0' | '3.1.1', Readonly<Record<string, string>>>> = {
  '5.0': {},
  '3.1.1': {
    'MQTT-7.0.0-1': 'the server does not connect out as an MQTT client',
  },
}
