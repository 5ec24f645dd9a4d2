import { describe, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { storeContract } from '../../src/testing/index.ts'
import { knexHarness, poolHarness } from './harness.ts'

await withService('postgres', ({ url }) => {
  storeContract('knex on postgres', knexHarness('postgres', url), { describe, it }, { seeds: 6 })
  storeContract('pool of pg', poolHarness('postgres', url), { describe, it }, { seeds: 2 })
})
