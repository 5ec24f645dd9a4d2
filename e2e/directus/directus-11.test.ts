import { everyChangeCounts } from './changes.ts'

everyChangeCounts('Directus 11.17', { version: '11' })
