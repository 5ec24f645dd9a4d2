import { withServer } from '../../../../tools/services/in-tests.ts'
import { faultCases } from './cases.ts'
import { sqlBackend } from './sql.ts'

await withServer('mysql', (server) => faultCases('MariaDB', server, sqlBackend('mysql', server.url)))
