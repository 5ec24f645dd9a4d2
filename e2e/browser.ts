import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const howToGetIt = `${executablePath} is missing: apt-get install chromium, or name one in CHROMIUM`

/** Whether there is a browser. Without one: says how to get it, and throws where it is required. */
export function hasBrowser(): boolean {
  if (existsSync(executablePath)) return true
  if (process.env['UNSTALE_REQUIRE_SERVICES'] === '1') throw new Error(howToGetIt)
  console.log(`Skipped: ${howToGetIt}`)
  return false
}

export interface Browser {
  context: BrowserContext
  close(): Promise<void>
}

/** A browser with an empty profile that calls nobody but the pages it is sent to. */
export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'unstale-e2e-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1400, height: 1100 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
