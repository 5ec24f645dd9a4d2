import { VERSIONS } from './stage.ts'
import { testsTransactions } from './transactions.ts'

for (const [name, copy] of VERSIONS) testsTransactions(`${name} on better-sqlite3`, copy, { dialect: 'sqlite' })
