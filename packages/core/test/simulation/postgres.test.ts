import { withService } from '../../../../tools/services/in-tests.ts'
import { serverPlace } from './places.ts'
import { worldsOn } from './worlds.ts'

await withService('postgres', ({ url }) => worldsOn('postgres', serverPlace('postgres', url), 6))
