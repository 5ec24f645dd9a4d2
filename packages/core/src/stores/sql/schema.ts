/** The tables of the SQL store as statements, and the way from each older version. */
import type { SqlExecutor, SqlValue } from '../../ports.ts'
import type { Dialect } from './dialect.ts'
import { isColumnChange } from './failure.ts'
import { itemHash, toHeld } from './rows.ts'
import type { Tables } from './tables.ts'

/** Changes with the tables, not with the package. */
export const TABLES_VERSION = 2

interface Definition {
  name: string
  /** Each begins with its name. */
  columns: readonly string[]
  key?: string
  /** Its rows are narrow, and read in the order of their key. */
  clustered?: true
  /** By suffix: the columns. */
  indexes?: Readonly<Record<string, string>>
}

function definitions({ types: { id, passingId, integer, small, key, text } }: Dialect, tables: Tables): readonly Definition[] {
  const entry = [
    `collection ${text} NOT NULL`,
    `appended_at ${integer} NOT NULL`,
    `last_at ${integer} NOT NULL`,
    `refused_in ${integer} NOT NULL`,
    `size ${integer} NOT NULL`,
    `revision ${text} NOT NULL`,
    `first_change ${text} NOT NULL`,
    `last_change ${text}`,
  ]
  return [
    {
      name: tables.lanes,
      columns: [`id ${id}`, `target ${key} NOT NULL UNIQUE`, `ready_at ${integer}`, `state ${text} NOT NULL`],
      indexes: { ready: 'ready_at' },
    },
    {
      name: tables.entries,
      columns: [
        `lane ${integer} NOT NULL`,
        `ord ${integer} NOT NULL`,
        `put_back ${small} NOT NULL DEFAULT 0`,
        `hash ${integer} NOT NULL`,
        `written ${integer} NOT NULL`,
        ...entry,
      ],
      key: 'lane, ord',
      indexes: { hash: 'hash' },
    },
    {
      name: tables.dead,
      columns: [
        `id ${key} NOT NULL PRIMARY KEY`,
        `target ${key} NOT NULL`,
        `ord ${integer} NOT NULL`,
        `reason ${key} NOT NULL`,
        `died_at ${integer} NOT NULL`,
        ...entry,
      ],
      indexes: { target: 'target, id' },
    },
    { name: tables.inbox, columns: [`id ${id}`, `body ${text} NOT NULL`] },
    { name: tables.arrivals, columns: [`id ${passingId}`, `source ${key} NOT NULL`, `body ${text} NOT NULL`] },
    {
      name: tables.targets,
      columns: [`name ${key} NOT NULL PRIMARY KEY`, `uid ${key} NOT NULL`, `body ${text} NOT NULL`],
    },
    {
      name: tables.log,
      columns: [
        `id ${key} NOT NULL PRIMARY KEY`,
        `target ${key} NOT NULL`,
        `batch ${key} NOT NULL`,
        `verdict ${small} NOT NULL`,
        `items ${integer} NOT NULL`,
        `body ${text} NOT NULL`,
      ],
      indexes: { target: 'target, id', batch: 'batch, id', verdict: 'verdict, id', both: 'target, verdict, id' },
    },
    {
      name: tables.logItems,
      columns: [`item ${key} NOT NULL`, `id ${key} NOT NULL`],
      key: 'item, id',
      clustered: true,
      indexes: { id: 'id' },
    },
    // Row 1: the version of the tables; row 2: that of the targets.
    { name: tables.version, columns: [`one ${integer} NOT NULL PRIMARY KEY`, `version ${integer} NOT NULL`] },
  ]
}

/** What creates all that is missing. May be repeated. */
export function creation(dialect: Dialect, tables: Tables): string[] {
  const later: string[] = []
  const statements = definitions(dialect, tables).map(({ name, columns, key, clustered = false, indexes = {} }) => {
    const lines = [...columns, ...(key === undefined ? [] : [`PRIMARY KEY (${key})`])]
    for (const [suffix, on] of Object.entries(indexes)) {
      if (dialect.separateIndexes) later.push(`CREATE INDEX IF NOT EXISTS ${name}_${suffix} ON ${name} (${on})`)
      else lines.push(`KEY ${name}_${suffix} (${on})`)
    }
    return `CREATE TABLE IF NOT EXISTS ${name} (\n  ${lines.join(',\n  ')}\n)${dialect.tableOptions(clustered)}`
  })
  return [...statements, ...later, ...dialect.tuning(tables)]
}

/** Last, so that a version is only there once everything is. */
export function recording(dialect: Dialect, { version }: Tables): string {
  return `INSERT INTO ${version} (one, version) VALUES (1, ${TABLES_VERSION}) ${dialect.onConflict(['one'], [])}`
}

/** After an upgrade. */
export function raising({ version }: Tables): string {
  return `UPDATE ${version} SET version = ${TABLES_VERSION} WHERE one = 1 AND version < ${TABLES_VERSION}`
}

/** By table, what answers nothing, and fails where the table is missing or somebody else's. */
export function probes(dialect: Dialect, tables: Tables): [table: string, statement: string][] {
  return definitions(dialect, tables).map(({ name, columns }) => {
    const names = columns.map((column) => column.slice(0, column.indexOf(' ')))
    return [name, `SELECT ${names.join(', ')} FROM ${name} WHERE 1 = 0`]
  })
}

/** From the version that is the place in this list to the next. Each may be repeated: another process may be at it, too. */
const upgrades: ((executor: SqlExecutor, dialect: Dialect, tables: Tables) => Promise<void>)[] = [
  async () => {},
  // 1 → 2: an entry that flies is told by its number, and what is marked are those that came back meanwhile; an item is
  // found by a number.
  async (executor, { types, separateIndexes }, { entries, lanes, dead }) => {
    const once = (sql: string, bindings: SqlValue[] = []) =>
      executor.run(sql, bindings).catch((error: unknown) => {
        if (!isColumnChange(error)) throw error
      })
    for (const column of [`put_back ${types.small} NOT NULL DEFAULT 0`, `written ${types.integer} NOT NULL DEFAULT 0`]) {
      await once(`ALTER TABLE ${entries} ADD COLUMN ${column}`)
    }
    const { rows } = await executor.run(`SELECT id, state FROM ${lanes}`, [])
    for (const { id, state } of rows) {
      const { flyingUntil } = JSON.parse(String(state)) as { flyingUntil: number }
      if (flyingUntil === 0) continue
      await once(`UPDATE ${entries} SET put_back = 1 WHERE lane = ? AND ord <= ? AND flying = 0`, [Number(id), flyingUntil])
    }
    await once(`ALTER TABLE ${entries} DROP COLUMN flying`)
    await once(`ALTER TABLE ${entries} ADD COLUMN hash ${types.integer} NOT NULL DEFAULT -1`)
    await hashEntries(executor, entries)
    if (separateIndexes) await executor.run(`DROP INDEX IF EXISTS ${entries}_item`, [])
    else await once(`ALTER TABLE ${entries} ADD KEY ${entries}_hash (hash)`)
    for (const table of [entries, dead]) await once(`ALTER TABLE ${table} DROP COLUMN item`)
  },
]

export async function upgrade(executor: SqlExecutor, dialect: Dialect, tables: Tables, from: number): Promise<void> {
  for (const step of upgrades.slice(from)) await step(executor, dialect, tables)
}

/** Fills in what version 1 had as a text. */
async function hashEntries(executor: SqlExecutor, entries: string): Promise<void> {
  for (;;) {
    const { rows } = await executor.run(`SELECT lane, ord, first_change FROM ${entries} WHERE hash = -1 LIMIT 500`, [])
    if (rows.length === 0) return
    for (const row of rows) {
      const [lane, { item, order }] = [Number(row.lane), toHeld(row)]
      await executor.run(`UPDATE ${entries} SET hash = ? WHERE lane = ? AND ord = ?`, [itemHash(lane, item), lane, order])
    }
  }
}
