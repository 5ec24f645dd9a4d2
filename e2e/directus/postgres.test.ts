import { withService } from '../../tools/services/in-tests.ts'
import { everyChangeCounts } from './changes.ts'

await withService('postgres', ({ url }) => everyChangeCounts('Postgres', { server: url }))
