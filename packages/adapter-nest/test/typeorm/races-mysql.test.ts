import { withService } from '../../../../tools/services/in-tests.ts'
import { testsRaces } from './races.ts'
import { VERSIONS } from './stage.ts'

await withService('mysql', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsRaces(`${name} on mysql`, copy, { dialect: 'mysql', url })
})
