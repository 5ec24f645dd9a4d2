/** The rows that an INSERT may meet: those that have the same key, or the same values where these have to be unique. */
import type { Builder, Column, Metadata } from './metadata.ts'
import { nameOf, type Row, rawKey, rowsBy } from './rows.ts'
import type { QueryRunnerLike } from './types.ts'
import { valuesIn } from './values.ts'

export interface Candidates {
  /** Whether each of the written values can be found by what was given. */
  isWhole: boolean
  lookUp(columns: readonly Column[], lock?: string): Promise<readonly Row[]>
}

export function candidatesOf(
  builder: Builder,
  runner: QueryRunnerLike,
  metadata: Metadata,
  written: readonly unknown[],
): Candidates {
  const searches = uniqueSets(builder, metadata).map((by) => ({
    by,
    keys: written.map((one) => rawKey(runner, by, valuesIn(one, by))),
  }))
  return {
    isWhole: written.length > 0 && written.every((_, place) => searches.some(({ keys }) => keys[place] != null)),
    async lookUp(columns, lock) {
      const found = new Map<string, Row>()
      for (const { by, keys } of searches) {
        const wanted = keys.filter((key) => key !== null)
        const { primaryColumns } = metadata
        const reading = { metadata, columns, by: primaryColumns, where: by, ...(lock !== undefined && { lock }) }
        for (const row of await rowsBy(runner, reading, wanted)) found.set(nameOf(row.key), row)
      }
      return [...found.values()]
    },
  }
}

/** MySQL minds every unique index, whatever the builder names; the others only what it names. */
function uniqueSets(builder: Builder, metadata: Metadata): readonly (readonly Column[])[] {
  const { primaryColumns, uniques, indices, columns } = metadata
  const conflict = builder.expressionMap.onUpdate?.conflict
  const { type } = (builder.dataSource ?? builder.connection)?.options ?? { type: '' }
  const named = Array.isArray(conflict)
    ? conflict.map((name) => columns.find(({ databaseName }) => databaseName === name)).filter((column) => column !== undefined)
    : []
  if (named.length > 0 && type !== 'mysql' && type !== 'mariadb') return [primaryColumns, named]
  const unique = indices.filter(({ isUnique }) => isUnique)
  return [primaryColumns, ...[...uniques, ...unique].map((one) => one.columns)].filter((set) => set.length > 0)
}
