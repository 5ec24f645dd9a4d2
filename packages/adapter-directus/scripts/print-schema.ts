/** Writes the folder `schema`, for administrators who make tables and collections by hand: `node scripts/print-schema.ts`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { printTables } from '@unstale/core'
import { planOf } from '../src/schema/fields.ts'
import { lockTable } from '../src/schema/lock.ts'

const PREFIX = 'unstale_'
const DIALECTS = { postgres: 'Postgres', mysql: 'MySQL and MariaDB', sqlite: 'SQLite' } as const

/** By name: what is generated there. */
export function schemaFiles(): Record<string, string> {
  const files: Record<string, string> = { 'directus.json': `${JSON.stringify(planOf({ encrypts: true }), null, 2)}\n` }
  for (const [dialect, name] of Object.entries(DIALECTS) as [keyof typeof DIALECTS, string][])
    files[`unstale.${dialect}.sql`] = sqlFor(dialect, name)
  return files
}

function sqlFor(dialect: keyof typeof DIALECTS, name: string): string {
  return `-- The extension's own tables on ${name}, in the database of Directus. Safe to repeat.
-- Another UNSTALE_TABLE_PREFIX begins every name here instead of ${PREFIX}.

${printTables(dialect, PREFIX)}
${lockTable(`${PREFIX}setup`)};
`
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of Object.entries(schemaFiles())) writeFileSync(new URL(`../schema/${name}`, import.meta.url), text)
