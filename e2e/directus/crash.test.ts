import { withService } from '../../tools/services/in-tests.ts'
import { twoShareTheWork } from './crash/instances.ts'
import { killsLoseNothing } from './crash/kills.ts'
import { receiversComeAndGo } from './crash/receivers.ts'

killsLoseNothing('SQLite', {})
receiversComeAndGo()
await withService('postgres', ({ url }) => {
  killsLoseNothing('Postgres', { server: url })
  twoShareTheWork(url)
})
