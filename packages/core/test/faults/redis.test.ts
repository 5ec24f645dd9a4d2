import { withServer } from '../../../../tools/services/in-tests.ts'
import { faultCases } from './cases.ts'
import { redisBackend } from './redis.ts'

await withServer('redis', (server) => faultCases('Redis', server, redisBackend(server.url)))
