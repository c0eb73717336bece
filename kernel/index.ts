/** The door for embedders: `createKernel` and what its options are made of. */

export type { BridgeView } from './bridging/bridge.ts'
export type { BridgingOptions } from './bridging/bridge-options.ts'
export type { BridgesApi } from './bridging/bridges.ts'
export type { DeadLetter } from './bridging/dead-letters.ts'
export { createKernel } from './create-kernel.ts'
export type { Kernel } from './kernel.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { AccessOptions, Chosen, KernelOptions } from './options.ts'
export * from './plugin.ts'
export { version } from './version.ts'
