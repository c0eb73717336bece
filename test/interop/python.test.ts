import { describeRound, stepsOf } from './round.ts'

const install = 'install Python 3.9 or later with pip (Debian: apt install python3-pip)'

describeRound({
  language: 'python',
  library: 'paho-mqtt',
  needs: [
    { command: 'python3', atLeast: [3, 9], install },
    { command: 'python3', versionArguments: ['-m', 'pip', '--version'], atLeast: [20, 0], install },
  ],
  buildMs: 120_000,
  steps: [...stepsOf('3.1.1'), ...stepsOf('5.0')],
})
