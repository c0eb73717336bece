import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'test-client',
  path: '/test-client',
  ready: async page => {
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByText('CONNACK: new session').waitFor()
    await page.getByRole('button', { name: 'Subscribe' }).click()
    await page.getByText('SUBSCRIBE: granted QoS 1').waitFor()
    await page
      .getByText(/plant\/meter-\d+\/temperature/)
      .first()
      .waitFor()
  },
})

test.for(['3.1.1', '5.0'])('test client: MQTT %s at each QoS, both ways', async version => {
  const peer = await stand.traffic.client(`peer-of-${version}`)
  await peer.subscribeAsync(`from/page/${version}`, { qos: 2 })
  const page = await openPage('/test-client')
  await page.getByLabel('Version').selectOption(version)
  await page.getByLabel('Client id').fill(`page-${version}`)
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByRole('status').getByText('connected', { exact: true }).waitFor()
  await page.getByLabel('Topic filter').fill(`to/page/${version}`)
  await page.getByLabel('Subscribe: QoS').selectOption('2')
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
  await page.getByText('SUBSCRIBE: granted QoS 2').waitFor()
  await page.getByLabel('Topic', { exact: true }).fill(`from/page/${version}`)
  for (const qos of [0, 1, 2] as const) {
    const received = new Promise<unknown>(resolve =>
      peer.once('message', (_, payload, packet) => resolve([payload.toString(), packet.qos])),
    )
    await page.getByRole('textbox', { name: 'Payload' }).fill(`up ${qos}`)
    await page.getByLabel('Publish: QoS').selectOption(String(qos))
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    expect(await received).toEqual([`up ${qos}`, qos])
    await peer.publishAsync(`to/page/${version}`, `{"down": ${qos}}`, {
      qos,
      ...(version === '5.0' && { properties: { userProperties: { plant: 'north' }, contentType: 'application/json' } }),
    })
    await page
      .getByRole('listitem')
      .filter({ hasText: `"down": ${qos}` })
      .getByText(`QoS ${qos}`)
      .waitFor()
  }
  if (version === '5.0') await page.getByText('contentType=application/json · plant=north').first().waitFor()
  await page.getByRole('button', { name: 'Disconnect' }).click()
  await page.getByRole('status').getByText('not connected').waitFor()
  await stand.traffic.end(peer)
})
