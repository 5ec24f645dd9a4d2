import { withService } from '../../../../tools/services/in-tests.ts'
import { VERSIONS } from './stage.ts'
import { testsTransactions } from './transactions.ts'

await withService('postgres', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsTransactions(`${name} on postgres`, copy, { dialect: 'postgres', url })
})
