import type { Device, Entrance } from './device.ts'
import type { Machine } from './machine.ts'
import type { Timetable } from './timetable.ts'

/** What whoever works in the plant needs. */
export interface Workplace {
  readonly entrance: Entrance
  readonly timetable: Timetable
  readonly machines: readonly Machine[]
  /** Notes a device, so that it leaves when the plant closes. */
  readonly hire: (device: Device) => Device
}
