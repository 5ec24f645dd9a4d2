import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** Counts the tests for the closing line. A file that could not run, and an error outside of any test, is one failure each. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state)
      const failedHere = states.filter((state) => state === 'failed').length
      passed += states.filter((state) => state === 'passed').length
      failed += failedHere === 0 && !module.ok() ? 1 : failedHere
    }
    const file = process.env['UNSTALE_COUNTS']
    if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failed }))
  }
}
