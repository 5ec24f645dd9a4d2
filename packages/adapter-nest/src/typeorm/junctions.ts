/** Rows that join two items: whose relations have changed is both of them. */
import type { Announcer, Draft } from './announcer.ts'
import type { Watched } from './entities.ts'
import type { Column, Driver, Metadata } from './metadata.ts'
import { dataSourceOf, type QueryRunnerLike } from './types.ts'

/** Whether somebody asked for updates of one of the sides. */
export function joinsWatched(announcer: Announcer, { ownerColumns, inverseColumns }: Metadata): boolean {
  return [ownerColumns, inverseColumns].some(([column]) => watchedBy(announcer, column) !== undefined)
}

function watchedBy(announcer: Announcer, column: Column | undefined): Watched | undefined {
  const { referencedColumn } = column ?? {}
  const watched = referencedColumn && announcer.watched(referencedColumn.entityMetadata)
  return watched && announcer.interest(watched, 'update') !== null ? watched : undefined
}

/** Both sides of rows of a junction, as updates. Each row has the keys of both by property. */
export function sidesOf(
  announcer: Announcer,
  runner: QueryRunnerLike,
  { ownerColumns, inverseColumns }: Metadata,
  rows: readonly unknown[],
): Draft[] {
  const { driver } = dataSourceOf(runner) as unknown as { driver: Driver }
  return [ownerColumns, inverseColumns].flatMap((columns) => {
    const watched = watchedBy(announcer, columns[0])
    if (watched === undefined) return []
    const by = columns.map(({ referencedColumn }) => referencedColumn as Column)
    return rows.flatMap((row): Draft[] => {
      const values = columns.map((column) => (row == null ? undefined : column.getEntityValue(row)))
      if (values.some((value) => value === undefined || value === null)) return []
      const key = values.map((value, place) => driver.preparePersistentValue(value, by[place] as Column))
      return [{ watched, event: 'update', key, by, after: new Map() }]
    })
  })
}
