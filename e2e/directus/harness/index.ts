/** A real Directus, and a front end's receiver route, for tests. */
export { type Api, type ApiError, api, type Item, type Key } from '../../../examples/directus/src/api.ts'
export {
  type Database,
  type Directus,
  databaseOf,
  startDirectus,
  startInstances,
} from '../../../examples/directus/src/directus.ts'
export { type DirectusVersion, installDirectus } from '../../../examples/directus/src/install.ts'
export { createCollection, createField, createManyToOne } from '../../../examples/directus/src/schema.ts'
export { type Answer, createReceiver, type FlushEvent, type Received, type Receiver } from '../../receiver.ts'
export { createDatabase, type OwnDatabase } from './databases.ts'
export { type DirectusInTests, directusInTests, type InTestsOptions, instancesInTests, receiverInTests } from './in-tests.ts'
