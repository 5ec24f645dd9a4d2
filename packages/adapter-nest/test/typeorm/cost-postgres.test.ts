import { withService } from '../../../../tools/services/in-tests.ts'
import { testsCost } from './cost.ts'
import { VERSIONS } from './stage.ts'

await withService('postgres', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsCost(`${name} on postgres`, copy, { dialect: 'postgres', url })
})
