/** The store on a DataSource, for its contract. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTables, type SqlExecutor, type Store, sqlStore } from '@unstale/core'
import type { StoreHarness } from '@unstale/core/testing'
import { afterAll } from 'vitest'
import { typeormDialect, typeormExecutor, typeormTransaction } from '../../src/typeorm.ts'
import { type DataSource, optionsFor, type Place, STORE_TABLES, type TypeOrm, uniquePrefix } from './stage.ts'

export function typeormHarness(copy: TypeOrm, place: Place): () => Promise<StoreHarness> {
  const prefix = uniquePrefix()
  let made: Promise<unknown> | undefined
  const open = async (where: Place): Promise<DataSource> => new copy.DataSource(optionsFor(where)).initialize()
  const storeOn = (dataSource: DataSource, executor: SqlExecutor = typeormExecutor(dataSource)): Store =>
    sqlStore({ executor, dialect: typeormDialect(dataSource), prefix })
  afterAll(async () => {
    if (place.dialect === 'sqlite') return
    const dataSource = await open(place)
    for (const table of STORE_TABLES) await dataSource.query(`DROP TABLE IF EXISTS ${prefix}${table}`)
    await dataSource.destroy()
  })

  return async () => {
    const folder = place.dialect === 'sqlite' ? mkdtempSync(join(tmpdir(), 'unstale-')) : undefined
    const here: Place = folder === undefined ? place : { dialect: 'sqlite', filename: join(folder, 'app.db') }
    const dataSource = await open(here)
    const opened = new Set([dataSource])
    const executor = typeormExecutor(dataSource)
    if (folder !== undefined) await createTables({ executor, dialect: 'sqlite', prefix })
    else {
      made ??= createTables({ executor, dialect: typeormDialect(dataSource), prefix })
      await made
      await executor.run(`DELETE FROM ${prefix}version WHERE one = 2`, [])
      for (const table of STORE_TABLES.slice(1)) await executor.run(`DELETE FROM ${prefix}${table}`, [])
    }
    let left = Number.POSITIVE_INFINITY
    const guard = (inner: SqlExecutor): SqlExecutor => ({
      async run(sql, bindings) {
        if (/^(INSERT|DELETE|UPDATE (?!.*1 = 0))/.test(sql) && --left === 0) throw new Error('the write was broken')
        return inner.run(sql, bindings)
      },
      transaction: (fn, options) => inner.transaction((tx) => fn(guard(tx)), options),
    })
    const store = storeOn(dataSource, guard(executor))
    const another = async () => {
      const other = await open(here)
      opened.add(other)
      return storeOn(other)
    }
    return {
      store,
      another,
      async reopen() {
        await store.close()
        await dataSource.destroy()
        opened.delete(dataSource)
        return another()
      },
      async breaking(write, act) {
        left = write
        await act()
        left = Number.POSITIVE_INFINITY
      },
      transaction: (fn) => dataSource.transaction((manager) => fn(typeormTransaction(manager))),
      async dispose() {
        await store.close()
        for (const one of opened) await one.destroy()
        if (folder !== undefined) rmSync(folder, { recursive: true })
      },
    }
  }
}
