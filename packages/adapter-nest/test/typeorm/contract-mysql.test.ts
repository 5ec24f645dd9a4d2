import { storeContract } from '@unstale/core/testing'
import { describe, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { typeormHarness } from './harness.ts'
import { VERSIONS } from './stage.ts'

await withService('mysql', ({ url }) => {
  for (const [name, copy] of VERSIONS) {
    storeContract(`${name} on mariadb`, typeormHarness(copy, { dialect: 'mysql', url }), { describe, it }, { seeds: 1 })
  }
})
