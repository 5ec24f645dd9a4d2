import { printTables } from '@unstale/core'

/** The store's, and that of the lock. */
function tablesOf(prefix: string): string[] {
  const statements = printTables('sqlite', prefix).matchAll(/CREATE TABLE IF NOT EXISTS (\w+)/g)
  return [...[...statements].map(([, name]) => name as string), `${prefix}setup`]
}

/**
 * Directus looks at every table of its database, warns of those whose form it does not like, and shows all of them in the Data
 * Model. Ours are none of its business, which it can be told by a variable of its environment alone.
 */
export function hideTables(env: Readonly<Record<string, unknown>>, prefix: string): void {
  const hidden = env['DB_EXCLUDE_TABLES']
  const list: string[] = Array.isArray(hidden)
    ? hidden
    : String(hidden ?? '')
        .split(',')
        .filter((name) => name !== '')
  for (const name of tablesOf(prefix)) if (!list.includes(name)) list.push(name)
  if (list === hidden) return
  try {
    ;(env as Record<string, unknown>)['DB_EXCLUDE_TABLES'] = list
  } catch {
    // It warns, then.
  }
}
