import { storeContract } from '@unstale/core/testing'
import { describe, it } from 'vitest'
import { typeormHarness } from './harness.ts'
import { VERSIONS } from './stage.ts'

for (const [name, copy] of VERSIONS) {
  storeContract(`${name} on better-sqlite3`, typeormHarness(copy, { dialect: 'sqlite' }), { describe, it }, { seeds: 3 })
}
