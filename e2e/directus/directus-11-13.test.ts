import { everyChangeCounts } from './changes.ts'

everyChangeCounts('Directus 11.13, the oldest', { version: '11.13' })
