import { expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'
import { typeormExecutor } from '../../src/typeorm.ts'
import { testsExecutor } from './executor.ts'
import { openDatabase, VERSIONS } from './stage.ts'

await withService('postgres', ({ url }) => {
  const place = { dialect: 'postgres', url } as const
  testsExecutor('postgres', {
    place,
    duplicate: '23505',
    session: { number: 'SELECT pg_backend_pid()', kill: 'SELECT pg_terminate_backend(pg_backend_pid())' },
  })

  it.each(VERSIONS)('a transaction of %s is READ COMMITTED, and relaxed alone', async (_, copy) => {
    const { dataSource } = await openDatabase(copy, place)
    const executor = typeormExecutor(dataSource)
    const settings = async (run: typeof executor.run) =>
      (await run("SELECT current_setting('transaction_isolation') AS level, current_setting('synchronous_commit') AS sync", []))
        .rows
    expect(await executor.transaction((tx) => settings(tx.run), { relaxed: true })).toEqual([
      { level: 'read committed', sync: 'off' },
    ])
    expect(await executor.transaction((tx) => settings(tx.run))).toEqual([{ level: 'read committed', sync: 'on' }])
  })
})
