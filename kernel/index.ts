/** The door for embedders: `createKernel` and what its options are made of. */
export { createKernel } from './create-kernel.ts'
export type { Kernel } from './kernel.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { AccessOptions, Chosen, KernelOptions } from './options.ts'
export * from './plugin.ts'
export { version } from './version.ts'
