import { withService } from '../../../../tools/services/in-tests.ts'
import { VERSIONS } from './stage.ts'
import { testsTransactions } from './transactions.ts'

await withService('mysql', ({ url }) => {
  for (const [name, copy] of VERSIONS) testsTransactions(`${name} on mysql`, copy, { dialect: 'mysql', url })
})
