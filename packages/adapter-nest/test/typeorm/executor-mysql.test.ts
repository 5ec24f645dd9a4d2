import { expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { typeormExecutor } from '../../src/typeorm.ts'
import { testsExecutor } from './executor.ts'
import { openDatabase, VERSIONS } from './stage.ts'

await withService('mysql', ({ url }) => {
  const place = { dialect: 'mysql', url } as const
  testsExecutor('mariadb', {
    place,
    duplicate: 'ER_DUP_ENTRY',
    session: { number: 'SELECT CONNECTION_ID()', kill: 'KILL CONNECTION_ID()' },
  })

  it.each(VERSIONS)('a transaction of %s is READ COMMITTED', async (_, copy) => {
    const { dataSource, prefix } = await openDatabase(copy, place)
    const executor = typeormExecutor(dataSource)
    const level = await executor.transaction(async (tx) => {
      await tx.run(`INSERT INTO ${prefix}notes (lang, slug, words) VALUES ('en', 'a', '')`, [])
      // Another session commits, and this one sees it: under REPEATABLE READ it would not.
      const before = await tx.run(`SELECT slug FROM ${prefix}notes`, [])
      await executor.run(`INSERT INTO ${prefix}notes (lang, slug, words) VALUES ('en', 'b', '')`, [])
      return [before.rows.length, (await tx.run(`SELECT slug FROM ${prefix}notes`, [])).rows.length]
    })
    expect(level).toEqual([1, 2])
  })
})
