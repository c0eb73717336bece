import type { Logger } from '../contract/observe.ts'

/** For an embedder who wants no log. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
