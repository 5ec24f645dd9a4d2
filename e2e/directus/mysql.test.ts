import { withService } from '../../tools/services/in-tests.ts'
import { everyChangeCounts } from './changes.ts'

await withService('mysql', ({ url }) => everyChangeCounts('MariaDB', { server: url }))
