import { withService } from '../../../../tools/services/in-tests.ts'
import { VERSIONS } from './stage.ts'
import { testsWays } from './ways.ts'

await withService('mysql', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsWays(`${name} on mysql announces`, copy, { dialect: 'mysql', url })
})
