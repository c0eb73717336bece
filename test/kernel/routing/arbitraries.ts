import fc from 'fast-check'

/** Few different levels, so that random filters often match random topics. */
const level = fc.constantFrom('a', 'b', 'ab', '', ' ', '$', '$SYS', 'ü', '__proto__', 'constructor')

export const topics = fc.array(level, { minLength: 1, maxLength: 6 }).map(levels => levels.join('/'))

export const filters = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: level }, { weight: 2, arbitrary: fc.constant('+') }), { maxLength: 6 }),
    fc.boolean(),
  )
  .filter(([levels, multi]) => levels.length > 0 || multi)
  .map(([levels, multi]) => (multi ? [...levels, '#'] : levels).join('/'))
