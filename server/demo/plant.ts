import type { Clock } from '../../kernel/plugin.ts'
import { Device, type Entrance } from './device.ts'
import { Machine, models } from './machine.ts'
import { Timetable } from './timetable.ts'
import { troubles } from './troubles.ts'
import type { Workplace } from './workplace.ts'

export interface PlantOptions extends Entrance {
  /** Where orders come from. */
  readonly headquarters: string
  readonly clock: Clock
}

/** Between two devices that connect for the first time. */
const arrivalMs = 60

/** Machines, people and their troubles, as clients of the broker. */
export class Plant {
  readonly #timetable: Timetable
  readonly #devices: Device[] = []

  constructor({ headquarters, clock, ...entrance }: PlantOptions) {
    const timetable = new Timetable(clock)
    this.#timetable = timetable
    const machines = models.map((model, index) => new Machine(model, index, { entrance, timetable }))
    this.#devices.push(...machines.map(({ device }) => device))
    const hire = (device: Device): Device => {
      this.#devices.push(device)
      return device
    }
    const workplace: Workplace = { entrance, timetable, machines, hire }
    office(workplace)
    orders(workplace, headquarters)
    others(workplace)
    for (const trouble of troubles) trouble(workplace)
    // One after the other: a password is checked the slow way only the first time.
    for (const [index, device] of this.#devices.entries()) timetable.after(index * arrivalMs, () => device.plugIn())
  }

  async close(): Promise<void> {
    this.#timetable.stop()
    await Promise.all(this.#devices.map(device => device.leave()))
  }
}

/** Maria decides how machines are set, and when reminders come. */
function office({ entrance, timetable, hire }: Workplace): void {
  const maria = hire(new Device(entrance, { clientId: 'maria', user: 'maria' }))
  let asked = false
  maria.onConnected(() => {
    for (const { name, celsius } of models)
      maria.publish(`config/${name}`, { setpoint: celsius, intervalSeconds: 2 }, { qos: 1, retain: true })
    if (asked) return
    asked = true
    remind(maria, 600, 'shift change in ten minutes')
    remind(maria, 3_600, 'clean the filters of hall-b')
    remind(maria, 28_800, 'grease conveyor-2')
  })
  timetable.every(600_000, () => remind(maria, 600, 'shift change in ten minutes'))
  timetable.every(90_000, () => {
    const setpoint = 180 + Math.round(Math.random() * 4)
    maria.publish('config/oven-1', { setpoint, intervalSeconds: 2 }, { qos: 1, retain: true })
  })
}

function remind(from: Device, seconds: number, text: string): void {
  from.publish(`$delayed/${seconds}/plant/reminders`, { text }, { qos: 1 })
}

/** The office far away sends orders; whichever of three cells is free takes the next. */
function orders({ entrance, timetable, hire }: Workplace, headquarters: string): void {
  const erp = hire(new Device({ ...entrance, tcp: headquarters }, { clientId: 'erp' }))
  let order = 4_700
  timetable.every(
    4_000,
    () => {
      order++
      const pieces = 10 + Math.round(Math.random() * 90)
      erp.publish(`riverside/orders/${order}`, { order, part: `bracket-${order % 7}`, pieces }, { qos: 1 })
    },
    2_000,
  )
  for (const cell of ['cell-1', 'cell-2', 'cell-3']) {
    const device = hire(new Device(entrance, { clientId: cell, user: 'machines' }))
    device.subscribe(['$share/cells/orders/#'], 1, topic => {
      const result = `results/${topic.split('/').at(-1)}`
      timetable.after(2_000, () => device.publish(result, { cell, done: true }, { qos: 1 }))
    })
  }
}

/** Those who listen, an old machine, and a neighbour with topics of its own. */
function others({ entrance, timetable, hire }: Workplace): void {
  hire(new Device(entrance, { clientId: 'historian', user: 'historian', keptSeconds: 86_400 })).subscribe(
    ['plant/#'],
    1,
  )
  hire(new Device(entrance, { clientId: 'wall-display', over: 'ws', version: 4 })).subscribe(
    ['plant/+/+/status', 'plant/hall-a/+/temperature'],
    0,
  )
  hire(new Device(entrance, { clientId: 'crane-remote' })).subscribe(['$exclusive/crane/move'], 1)
  const mill = hire(new Device(entrance, { clientId: 'mill-9', user: 'machines', version: 3 }))
  timetable.every(5_000, () => mill.publish('legacy/mill-9/temp', String(40 + Math.round(Math.random() * 5))))
  const scales = hire(new Device(entrance, { clientId: 'gate-1', user: 'weighbridge' }))
  timetable.every(7_000, () => {
    scales.publish('trucks/last', { kilograms: 9_000 + Math.round(Math.random() * 26_000) }, { qos: 1, retain: true })
  })
}
