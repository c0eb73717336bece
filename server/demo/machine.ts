import { Device, type DeviceOptions, type Entrance } from './device.ts'
import type { Timetable } from './timetable.ts'

export interface MachineModel {
  readonly name: string
  readonly hall: string
  /** Degrees Celsius around which it works, and how far it drifts. */
  readonly celsius: number
  readonly drift: number
  readonly kilowatts: number
  /** Above this it raises an alarm. Default: it never does. */
  readonly alarmAbove?: number
  readonly returns?: DeviceOptions['returns']
}

export const models: readonly MachineModel[] = [
  { name: 'press-1', hall: 'hall-a', celsius: 55, drift: 6, kilowatts: 22 },
  { name: 'press-2', hall: 'hall-a', celsius: 57, drift: 6, kilowatts: 23 },
  { name: 'press-3', hall: 'hall-a', celsius: 54, drift: 6, kilowatts: 21 },
  { name: 'conveyor-1', hall: 'hall-a', celsius: 31, drift: 3, kilowatts: 3 },
  { name: 'oven-1', hall: 'hall-b', celsius: 182, drift: 9, kilowatts: 46, alarmAbove: 188 },
  { name: 'oven-2', hall: 'hall-b', celsius: 184, drift: 9, kilowatts: 47, alarmAbove: 190 },
  { name: 'conveyor-2', hall: 'hall-b', celsius: 33, drift: 3, kilowatts: 3 },
  { name: 'lathe-1', hall: 'hall-c', celsius: 44, drift: 5, kilowatts: 9 },
  { name: 'robot-1', hall: 'hall-c', celsius: 38, drift: 4, kilowatts: 5 },
  { name: 'chiller', hall: 'utilities', celsius: 4, drift: 1.5, kilowatts: 14 },
  { name: 'compressor', hall: 'utilities', celsius: 71, drift: 8, kilowatts: 30, alarmAbove: 77 },
  { name: 'pump-3', hall: 'utilities', celsius: 41, drift: 4, kilowatts: 7, returns: 'when plugged in' },
]

/** One swing of a temperature up and down. */
const swingMs = 60_000

/** Tells of itself, follows its retained configuration, and raises alarms. */
export class Machine {
  readonly device: Device
  readonly model: MachineModel
  readonly #topic: string
  readonly #phase: number
  #setpoint: number
  #tooHot = false

  constructor(
    model: MachineModel,
    index: number,
    { entrance, timetable }: { entrance: Entrance; timetable: Timetable },
  ) {
    this.model = model
    this.#topic = `plant/${model.hall}/${model.name}`
    this.#setpoint = model.celsius
    // They do not all swing together; the first alarm comes soon.
    this.#phase = (index * swingMs) / 12
    this.device = new Device(entrance, {
      clientId: model.name,
      user: 'machines',
      version: index % 3 === 0 ? 4 : 5,
      over: index % 4 === 3 ? 'ws' : 'tcp',
      will: { topic: `${this.#topic}/status`, payload: 'offline' },
      returns: model.returns ?? 'by itself',
    })
      .onConnected(() => this.device.publish(`${this.#topic}/status`, 'online', { qos: 1, retain: true }))
      .subscribe([`config/${model.name}`], 1, (_, payload) => this.#configure(payload))
    timetable.every(2_000, () => this.#tellTemperature(timetable.now()), 500 + index * 130)
    timetable.every(10_000, () => this.#tellPower(), 1_000 + index * 700)
  }

  #tellTemperature(now: number): void {
    const { drift, alarmAbove } = this.model
    const swing = Math.sin(((now + this.#phase) / swingMs) * 2 * Math.PI)
    const value = round(this.#setpoint + drift * swing + noise(drift / 10))
    this.device.publish(`${this.#topic}/temperature`, { value, unit: '°C' }, { qos: 1 })
    if (alarmAbove === undefined) return
    const tooHot = value > alarmAbove - (this.#tooHot ? drift / 4 : 0)
    if (tooHot && !this.#tooHot) {
      const text = `${value} °C is more than ${alarmAbove} °C`
      this.device.publish(`${this.#topic}/alarm`, { level: 3, text }, { qos: 1 })
    }
    this.#tooHot = tooHot
  }

  #tellPower(): void {
    const { kilowatts } = this.model
    this.device.publish(`${this.#topic}/power`, { value: round(kilowatts + noise(kilowatts / 12)), unit: 'kW' })
    this.device.publish(`${this.#topic}/vibration`, { value: round(2 + noise(0.6)), unit: 'mm/s' })
  }

  #configure(payload: Buffer): void {
    const { setpoint } = JSON.parse(String(payload)) as { setpoint?: unknown }
    if (typeof setpoint === 'number') this.#setpoint = setpoint
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function noise(width: number): number {
  return (Math.random() * 2 - 1) * width
}
