import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTables } from '@unstale/core'
import knexOf, { type Knex } from 'knex'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChangePublisher, UnstaleModule } from '../../src/index.ts'
import { application, closeApplications, wired } from './stage.ts'

const change = (key: number) => ({ collection: 'posts', event: 'update', key, fields: { slug: `s-${key}` } }) as const

let folder: string
let knex: Knex

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unstale-nest-'))
  const connection = { filename: join(folder, 'app.db') }
  knex = knexOf({ client: 'better-sqlite3', connection, useNullAsDefault: true })
})
afterEach(async () => {
  await closeApplications()
  await knex.destroy()
  await rm(folder, { recursive: true })
})

describe('on the Knex of the application', () => {
  it('makes its tables, and announces what a transaction commits', async () => {
    const { options, arrived } = wired({ database: knex })
    const { get } = await application({ imports: [UnstaleModule.forRoot(options)] })
    const publisher = get(ChangePublisher)
    await expect(
      knex.transaction(async (trx) => {
        await publisher.publishIn(trx, change(1))
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    await knex.transaction((trx) => publisher.publishIn(trx, [change(2), change(3)]))
    expect((await arrived(2)).map(({ fields }) => fields['id'])).toEqual([2, 3])
  })

  it('sends what a process that died had committed', async () => {
    const dying = wired({ database: knex })
    dying.transport.hold()
    const first = await application({ imports: [UnstaleModule.forRoot({ ...dying.options, drain: 0 })] })
    await knex.transaction((trx) => first.get(ChangePublisher).publishIn(trx, change(1)))
    await first.close()
    const { options, arrived } = wired({ database: knex })
    await application({ imports: [UnstaleModule.forRoot(options)] })
    expect(await arrived(1)).toMatchObject([{ fields: { id: 1, slug: 's-1' } }])
  })

  it("tells at the start that tables are missing, where the application's migrations make them", async () => {
    const { options, arrived } = wired({ database: knex, tables: 'check', prefix: 'ours_' })
    const imports = [UnstaleModule.forRoot(options)]
    await expect(application({ imports })).rejects.toMatchObject({
      code: 'STORE_TABLES_MISSING',
      message: expect.stringContaining('ours_'),
    })
    await createTables({ knex, prefix: 'ours_' })
    const { get } = await application({ imports })
    await get(ChangePublisher).publish(change(1))
    expect(await arrived(1)).toHaveLength(1)
  })

  it('refuses a transaction that is over, and what is none', async () => {
    const { options } = wired({ database: knex })
    const { get } = await application({ imports: [UnstaleModule.forRoot(options)] })
    let over: Knex.Transaction | undefined
    await knex.transaction(async (trx) => {
      over = trx
    })
    const publisher = get(ChangePublisher)
    const unsupported = { code: 'TRANSACTION_UNSUPPORTED' }
    await expect(publisher.publishIn(over as Knex.Transaction, change(1))).rejects.toMatchObject(unsupported)
    await expect(publisher.publishIn({} as never, change(1))).rejects.toMatchObject({
      ...unsupported,
      message: expect.stringContaining("has to be TypeORM's EntityManager"),
    })
    await expect(publisher.publishIn(undefined as never, change(1))).rejects.toMatchObject(unsupported)
  })
})
