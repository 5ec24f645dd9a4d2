import { storeContract } from '@unstale/core/testing'
import { describe, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { typeormHarness } from './harness.ts'
import { VERSIONS } from './stage.ts'

await withService('postgres', ({ url }) => {
  for (const [name, copy] of VERSIONS) {
    storeContract(`${name} on postgres`, typeormHarness(copy, { dialect: 'postgres', url }), { describe, it }, { seeds: 1 })
  }
})
