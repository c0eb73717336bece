import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Nothing that asks the world outside. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const chromiumPath = process.env.CHROMIUM ?? places.find(path => existsSync(path))

/** Debian's Chromium, or why it cannot be had. */
export const missingBrowser =
  chromiumPath === undefined ? 'there is no Chromium: apt-get install chromium, or set CHROMIUM' : undefined

export function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(missingBrowser)
  return chromium.launch({ executablePath: chromiumPath, args: flags })
}
