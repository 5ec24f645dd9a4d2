import { withService } from '../../../../tools/services/in-tests.ts'
import { rowLockDoubles, snapshotDoubles, sqlDoubles, storeDoubles } from './doubles.ts'
import { onServer } from './server.ts'
import { raceSuite } from './suite.ts'

await withService('postgres', ({ url }) => {
  const doubles = { ...storeDoubles, ...sqlDoubles, ...rowLockDoubles, ...snapshotDoubles }
  raceSuite('postgres', onServer('postgres', url), { doubles })
})
