import { withService } from '../../../../tools/services/in-tests.ts'
import { testsCost } from './cost.ts'
import { VERSIONS } from './stage.ts'

await withService('mysql', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsCost(`${name} on mysql`, copy, { dialect: 'mysql', url })
})
