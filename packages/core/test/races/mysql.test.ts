import { withService } from '../../../../tools/services/in-tests.ts'
import { mysqlDoubles, rowLockDoubles, sqlDoubles, storeDoubles } from './doubles.ts'
import { onServer } from './server.ts'
import { raceSuite } from './suite.ts'

await withService('mysql', ({ url }) => {
  raceSuite('mysql', onServer('mysql', url), { doubles: { ...storeDoubles, ...sqlDoubles, ...rowLockDoubles, ...mysqlDoubles } })
})
