import { VERSIONS } from './stage.ts'
import { testsWays } from './ways.ts'

for (const [name, copy] of VERSIONS) testsWays(`${name} on better-sqlite3 announces`, copy, { dialect: 'sqlite' })
