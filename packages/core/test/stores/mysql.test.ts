import { describe, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { storeContract } from '../../src/testing/index.ts'
import { knexHarness, poolHarness } from './harness.ts'

await withService('mysql', ({ url }) => {
  storeContract('knex on mysql', knexHarness('mysql', url), { describe, it }, { seeds: 5 })
  storeContract('pool of mysql2', poolHarness('mysql', url), { describe, it }, { seeds: 1 })
})
