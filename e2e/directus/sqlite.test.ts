import { everyChangeCounts } from './changes.ts'

everyChangeCounts('SQLite', {})
