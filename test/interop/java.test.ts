import { describeRound, stepsOf } from './round.ts'

const install = 'install a JDK 17 or later and Maven (Debian: apt install maven default-jdk-headless)'

describeRound({
  language: 'java',
  library: 'hivemq-mqtt-client',
  needs: [
    { command: 'javac', atLeast: [17, 0], install },
    { command: 'mvn', atLeast: [3, 6], install },
  ],
  buildMs: 300_000,
  steps: [...stepsOf('3.1.1'), ...stepsOf('5.0')],
})
