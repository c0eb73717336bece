/** The broker's version: the package's, checked by a test. */
export const version = '0.1.0'
