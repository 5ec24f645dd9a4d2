import { withService } from '../../../../tools/services/in-tests.ts'
import { testsRaces } from './races.ts'
import { VERSIONS } from './stage.ts'

await withService('postgres', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsRaces(`${name} on postgres`, copy, { dialect: 'postgres', url })
})
