import { describeRound, stepsOf } from './round.ts'

describeRound({
  language: 'rust',
  library: 'rumqttc',
  needs: [
    { command: 'cargo', atLeast: [1, 85], install: 'install Rust 1.85 or later (https://rustup.rs)' },
    { command: 'cc', install: 'install a C compiler (Debian: apt install build-essential)' },
  ],
  // Three minutes on two busy cores.
  buildMs: 900_000,
  steps: [...stepsOf('3.1.1'), ...stepsOf('5.0')],
})
