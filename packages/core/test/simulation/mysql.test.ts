import { withService } from '../../../../tools/services/in-tests.ts'
import { serverPlace } from './places.ts'
import { worldsOn } from './worlds.ts'

await withService('mysql', ({ url }) => worldsOn('mysql', serverPlace('mysql', url), 6))
