/** What an operator has set up, so that pages of access have something to show. None of it is in the way of the traffic. */
export async function settleIn(url: string): Promise<void> {
  const send = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  }
  const password = 'correct horse battery'
  await send('PUT', '/users/operator-7', { password })
  await send('PUT', '/users/gateway', { password, superuser: true })
  await send('PUT', '/users/historian', { password, tenant: 'default', scram: false })
  await send('PUT', '/acl', {
    rules: [
      { effect: 'allow', action: 'publish', filters: ['plant/%c/#'] },
      { effect: 'deny', action: 'publish', filters: ['plant/+/setpoint'], address: '192.0.2.0/24' },
      { effect: 'allow', action: 'subscribe', filters: ['plant/#', '$SYS/#'], user: 'operator-7' },
    ],
    noMatch: 'allow',
  })
  const until = new Date(Date.now() + 86_400_000).toISOString()
  await send('POST', '/bans', { kind: 'client-id-pattern', value: 'guest-*', reason: 'guests use the other broker' })
  await send('POST', '/bans', { kind: 'address', value: '192.0.2.7', reason: 'port scans', until })
  await send('POST', '/api-keys', { name: 'grafana', role: 'viewer', groups: ['overview', 'nodes', 'alarms'] })
  await send('POST', '/api-keys', { name: 'nightly backup', role: 'admin', groups: ['backup'], expiresAt: until })
  await send('POST', '/traces', { name: 'meter-7', clientId: 'meter-7', payloadBytes: 64, seconds: 3_600 })
}
