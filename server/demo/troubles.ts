import { Device } from './device.ts'
import type { Workplace } from './workplace.ts'

/** What goes wrong in every plant. */
export const troubles: readonly ((workplace: Workplace) => void)[] = [
  flappingForklift,
  dyingPump,
  slowReport,
  sleepingTablet,
  curiousContractor,
  strangers,
]

/** In the far corner of the yard its radio comes and goes, until the broker bans it for a while. */
function flappingForklift({ entrance, timetable, hire }: Workplace): void {
  const forklift = hire(new Device(entrance, { clientId: 'forklift-7', user: 'machines', returns: 'when plugged in' }))
  forklift
    .onConnected(() => timetable.after(1_000, () => forklift.cutCable()))
    .onGone(banned => timetable.after(banned ? 20_000 : 1_000, () => forklift.plugIn()))
}

/** Its power fails without a good-bye, so the broker publishes its will; later it comes back. */
function dyingPump({ machines, timetable }: Workplace): void {
  const pump = machines.find(({ model }) => model.name === 'pump-3')?.device
  let livesMs = 4_000
  pump
    ?.onConnected(() => {
      timetable.after(livesMs, () => pump.cutCable())
      livesMs = 40_000
    })
    .onGone(() => timetable.after(25_000, () => pump.plugIn()))
}

/** Writes each value into a spreadsheet before it acknowledges it. */
function slowReport({ entrance, timetable, hire }: Workplace): void {
  hire(new Device(entrance, { clientId: 'shift-report', user: 'historian' }))
    .subscribe(['plant/hall-b/oven-1/temperature'], 1)
    .workThrough(done => timetable.after(700 + Math.random() * 1_000, done))
}

/** Its battery must last: it fetches once a minute what has gathered. */
function sleepingTablet({ entrance, timetable, hire }: Workplace): void {
  const tablet = hire(
    new Device(entrance, { clientId: 'tablet-4', user: 'historian', keptSeconds: 86_400, returns: 'when plugged in' }),
  )
  tablet
    .subscribe(['plant/hall-a/#', 'plant/+/+/alarm'], 1)
    .onConnected(() => timetable.after(3_000, () => tablet.cutCable()))
    .onGone(() => timetable.after(50_000, () => tablet.plugIn()))
}

/** May not read hall-a nor change settings, and tries. */
function curiousContractor({ entrance, timetable, hire }: Workplace): void {
  const contractor = hire(new Device(entrance, { clientId: 'contractor-laptop', user: 'contractor' }))
  contractor.subscribe(['plant/#'], 0)
  timetable.every(20_000, () => contractor.publish('config/oven-1', { setpoint: 200 }, { qos: 1 }), 4_000)
}

/** One who is banned. */
function strangers({ entrance, hire }: Workplace): void {
  hire(new Device(entrance, { clientId: 'scanner-77' }))
}
