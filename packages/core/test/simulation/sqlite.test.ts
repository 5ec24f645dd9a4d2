import { sqlitePlace } from './places.ts'
import { worldsOn } from './worlds.ts'

worldsOn('sqlite', sqlitePlace, 30)
