import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { foreground, root } from './child.mjs'
import { workspaceNode } from './workspace.mjs'

const folder = join(root, 'node_modules', '.unstale')

/** Runs a part of the tests that writes its own counts; one that ended without them, or failed without a failure in them, is one failure. */
async function part(title, args) {
  console.log(`\n${title}`)
  const counts = join(folder, 'counts.json')
  mkdirSync(folder, { recursive: true })
  rmSync(counts, { force: true })
  const env = { ...process.env, UNSTALE_COUNTS: counts, UNSTALE_STARTED_BY: process.execPath }
  const code = await foreground(workspaceNode(), args, { env })
  const { passed, failed } = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : { passed: 0, failed: 0 }
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed, code }
}

const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  `--reporter=${join(root, 'tools/count-reporter.ts')}`,
]

/** Runs the parts one after another, and closes with their sum. */
async function sumOf(parts) {
  let passed = 0
  let failed = 0
  for (const { title, args } of parts) {
    const counts = await part(title, args)
    passed += counts.passed
    failed += counts.failed
    if (counts.code >= 128) break
  }
  console.log(`\n${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** Checks of the sources, the test suite, checks of the packages: each check counts as one test. With arguments: only the suite, with them. */
export function runTests(args) {
  const check = (group) => ['--disable-warning=ExperimentalWarning', 'tools/check.ts', group]
  const parts = [
    { title: 'The sources', args: check('sources') },
    { title: 'The test suite', args: [...vitest, ...args] },
    { title: 'The packages', args: check('packages') },
  ]
  return sumOf(args.length > 0 ? parts.slice(1, 2) : parts)
}

/** What a user meets: the packed packages in a project of their own, and the quickstart in a browser. */
export function runEndToEnd(args) {
  return sumOf([{ title: 'End to end', args: [...vitest, '--config', 'e2e/vitest.config.ts', ...args] }])
}
