import { withService } from '../../../../tools/services/in-tests.ts'
import { rowLockDoubles, sqlDoubles, storeDoubles } from './doubles.ts'
import { onServer } from './server.ts'
import { raceSuite } from './suite.ts'

await withService('mysql', ({ url }) => {
  const doubles = { ...storeDoubles, ...sqlDoubles, ...rowLockDoubles }
  raceSuite('mysql', onServer('mysql', url), { doubles })
})
