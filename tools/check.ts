import { writeFileSync } from 'node:fs'
import { boundaries, lint, types, unused } from './checks/commands.ts'
import { exportSnapshots } from './checks/exports.ts'
import { packaging } from './checks/packaging.ts'
import { quotedTests } from './checks/quoted-tests.ts'
import { readmeCode } from './checks/readme-code.ts'
import { sizes } from './checks/size.ts'

export interface Check {
  name: string
  /** `sources` need no build of what they look at; `packages` look at what was built. */
  group: 'sources' | 'packages'
  /** Throws, with all that a reader needs in the message, or gives a short report. */
  run: (options: { update: boolean }) => Promise<string>
}

const checks: readonly Check[] = [
  ...types(),
  lint,
  boundaries,
  quotedTests,
  unused,
  ...packaging(),
  exportSnapshots,
  sizes,
  readmeCode,
]

const args = process.argv.slice(2)
const update = args.includes('--update')
const names = args.filter((arg) => arg !== '--update')
const wanted = checks.filter(
  ({ name, group }) => names.length === 0 || names.some((part) => part === group || name.startsWith(part)),
)
if (wanted.length === 0) {
  console.error(`no such check: ${names.join(' ')}. There are: sources, packages, ${checks.map(({ name }) => name).join(', ')}`)
  process.exit(64)
}

let passed = 0
let failed = 0

async function runOne({ name, run }: Check): Promise<void> {
  const startedAt = Date.now()
  const seconds = (): string => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`
  try {
    const report = await run({ update })
    passed += 1
    console.log(` ✓ ${name} (${seconds()})${report === '' ? '' : `\n${report.replaceAll(/^/gm, '     ')}`}`)
  } catch (error) {
    failed += 1
    console.log(` × ${name} (${seconds()})\n${error instanceof Error ? error.message : String(error)}\n`)
  }
}

const queue = [...wanted]
async function work(): Promise<void> {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) await runOne(check)
}
await Promise.all([work(), work()])

const counts = process.env['UNSTALE_COUNTS']
if (counts === undefined) console.log(`\n${passed} passed, ${failed} failed`)
else writeFileSync(counts, JSON.stringify({ passed, failed }))
process.exitCode = failed === 0 ? 0 : 1
