import { withService } from '../../../../tools/services/in-tests.ts'
import { redisPlace } from './places.ts'
import { worldsOn } from './worlds.ts'

await withService('redis', ({ url }) => worldsOn('redis', redisPlace(url), 6))
