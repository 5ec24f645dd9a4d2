import { withService } from '../../../../tools/services/in-tests.ts'
import { postgresDoubles, rowLockDoubles, sqlDoubles, storeDoubles } from './doubles.ts'
import { onServer } from './server.ts'
import { raceSuite } from './suite.ts'

await withService('postgres', ({ url }) => {
  raceSuite('postgres', onServer('postgres', url), {
    doubles: { ...storeDoubles, ...sqlDoubles, ...rowLockDoubles, ...postgresDoubles },
  })
})
