import { withServer } from '../../../../tools/services/in-tests.ts'
import { faultCases } from './cases.ts'
import { sqlBackend } from './sql.ts'

await withServer('postgres', (server) => faultCases('Postgres', server, sqlBackend('postgres', server.url)))
