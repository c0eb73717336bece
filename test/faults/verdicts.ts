import { judge, type Stream, type Verdict } from './fleet.ts'

/** What a fleet's streams amount to together; printed stream by stream. */
export function verdictOf(streams: readonly Stream[]): Verdict {
  const total = { acknowledged: 0, came: 0, lost: 0, repeated: 0, disordered: 0 }
  for (const stream of streams) {
    const verdict = judge(stream)
    const { acknowledged, lost, repeated, disordered } = verdict
    console.log(
      `${stream.client}, QoS ${stream.qos}: ${acknowledged} acknowledged, ${lost} lost, ${repeated} repeated, ${disordered} out of order`,
    )
    for (const name of Object.keys(total) as (keyof Verdict)[]) total[name] += verdict[name]
  }
  return total
}
