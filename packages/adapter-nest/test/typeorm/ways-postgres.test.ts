import { withService } from '../../../../tools/services/in-tests.ts'
import { VERSIONS } from './stage.ts'
import { testsWays } from './ways.ts'

await withService('postgres', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsWays(`${name} on postgres announces`, copy, { dialect: 'postgres', url })
})
