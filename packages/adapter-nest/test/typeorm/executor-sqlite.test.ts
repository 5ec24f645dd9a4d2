import { describe, expect, it } from 'vitest'
import { typeormDialect, typeormExecutor } from '../../src/typeorm.ts'
import { testsExecutor } from './executor.ts'
import { openDatabase, optionsFor, VERSIONS } from './stage.ts'

const place = { dialect: 'sqlite' } as const

testsExecutor('better-sqlite3', { place, duplicate: 'SQLITE_CONSTRAINT_PRIMARYKEY' })

describe.each(VERSIONS)('on the one connection that %s has to SQLite', (_, copy) => {
  const add = (prefix: string, slug: string) => `INSERT INTO ${prefix}notes (lang, slug, words) VALUES ('en', '${slug}', '')`

  it("the store's statements are not undone with a transaction of the application's, and wait for its end", async () => {
    const { dataSource, prefix } = await openDatabase(copy, place)
    const executor = typeormExecutor(dataSource)
    const steps: string[] = []
    let stored: Promise<unknown> = Promise.resolve()
    const undone = dataSource.transaction(async (manager) => {
      await manager.query(add(prefix, 'app'))
      stored = Promise.all([
        executor.run(add(prefix, 'store'), []).then(() => steps.push('run')),
        executor.transaction((tx) => tx.run(add(prefix, 'step'), [])).then(() => steps.push('transaction')),
      ])
      await manager.query('SELECT 1')
      steps.push('rolls back')
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    await stored
    expect(steps[0]).toBe('rolls back')
    expect(await dataSource.query(`SELECT slug FROM ${prefix}notes ORDER BY slug`)).toEqual([{ slug: 'step' }, { slug: 'store' }])
  })

  it("the application's statements are not undone with a transaction of the store's", async () => {
    const { dataSource, prefix } = await openDatabase(copy, place)
    const executor = typeormExecutor(dataSource)
    await executor.run('SELECT 1', [])
    const all: Promise<unknown>[] = []
    const undone = executor.transaction(async (tx) => {
      await tx.run(add(prefix, 'store'), [])
      all.push(dataSource.query(add(prefix, 'app')))
      all.push(dataSource.getRepository('Note').save({ lang: 'en', slug: 'saved', words: [] }))
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    await Promise.all(all)
    expect(await dataSource.query(`SELECT slug FROM ${prefix}notes ORDER BY slug`)).toEqual([{ slug: 'app' }, { slug: 'saved' }])
  })
})

it.each(VERSIONS)('a DataSource of %s is asked again when it was not initialized yet', async (_, copy) => {
  const dataSource = new copy.DataSource(optionsFor(place))
  const executor = typeormExecutor(dataSource)
  await expect(executor.run('SELECT 1 AS one', [])).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  for (const _time of ['first', 'second']) {
    await dataSource.initialize()
    expect((await executor.run('SELECT 1 AS one', [])).rows).toEqual([{ one: 1 }])
    await dataSource.destroy()
  }
})

describe('a DataSource of another kind', () => {
  it.each(['sqlite', 'sqljs', 'mssql', 'oracle', 'cockroachdb', 'aurora-postgres', 'mongodb'])('%s is refused', (type) => {
    const dataSource = { options: { type } } as Parameters<typeof typeormDialect>[0]
    const refused = {
      code: 'STORE_UNSUPPORTED',
      message: expect.stringContaining(`"${type}" cannot hold the SQL store; one of type postgres`),
    }
    expect(() => typeormDialect(dataSource)).toThrow(expect.objectContaining(refused))
    expect(() => typeormExecutor(dataSource)).toThrow(expect.objectContaining(refused))
  })
})
