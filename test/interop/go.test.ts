import { describeRound, stepsOf } from './round.ts'

const install = 'install Go 1.24 or later (https://go.dev/dl)'

describeRound({
  language: 'go',
  library: 'paho.mqtt.golang for 3.1.1, paho.golang for 5.0',
  needs: [{ command: 'go', versionArguments: ['version'], atLeast: [1, 24], install }],
  buildMs: 300_000,
  steps: [...stepsOf('3.1.1'), ...stepsOf('5.0')],
})
