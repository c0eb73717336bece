import { describeRound, stepsOf } from './round.ts'

const also = ['shared subscription', 'secure WebSocket']

describeRound({
  language: 'javascript',
  library: 'MQTT.js',
  needs: [],
  buildMs: 60_000,
  steps: [...stepsOf('3.1', also), ...stepsOf('3.1.1', also), ...stepsOf('5.0', also)],
  extra: ({ wssPort }) => ['--wss', String(wssPort)],
})
