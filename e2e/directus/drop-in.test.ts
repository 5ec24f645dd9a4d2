import { withService } from '../../tools/services/in-tests.ts'
import { dropIn } from './drop-in.ts'

dropIn('SQLite', {})

await withService('postgres', ({ url }) => dropIn('Postgres', { server: url }))
