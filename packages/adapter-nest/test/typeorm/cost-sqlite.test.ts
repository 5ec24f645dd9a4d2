import { testsCost } from './cost.ts'
import { VERSIONS } from './stage.ts'

for (const [name, copy] of VERSIONS) testsCost(`${name} on better-sqlite3`, copy, { dialect: 'sqlite' })
