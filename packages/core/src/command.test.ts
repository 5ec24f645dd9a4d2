import type Database from 'better-sqlite3'
import knexOf from 'knex'
import { describe, expect, it } from 'vitest'
import { command } from './command.ts'
import { createPipeline, knexStore } from './index.ts'

describe('unstale sql', () => {
  it('prints tables that the store works with', async () => {
    const { code, text } = command(['sql', '--dialect', 'sqlite', '--prefix', 'app_'])
    expect(code).toBe(0)
    const knex = knexOf({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true })
    try {
      const connection = (await knex.client.acquireConnection()) as Database.Database
      connection.exec(text)
      knex.client.releaseConnection(connection)
      const store = knexStore({ knex, prefix: 'app_' })
      const pipeline = createPipeline({ store, targets: [{ key: 'site', url: 'https://site.example' }] })
      await pipeline.publish({ collection: 'posts', event: 'update', key: 1 })
      expect(await store.stats(['site'])).toMatchObject([{ pending: 1 }])
    } finally {
      await knex.destroy()
    }
  })

  it.each(['postgres', 'mysql'])('prints those for %s', (dialect) => {
    expect(command(['sql', '--dialect', dialect])).toMatchObject({
      code: 0,
      text: expect.stringContaining('CREATE TABLE IF NOT EXISTS unstale_inbox'),
    })
  })

  it('says how it is used', () => {
    expect(command(['--help'])).toMatchObject({ code: 0, text: expect.stringContaining('unstale sql --dialect') })
  })

  it.each<[string[], RegExp]>([
    [[], /a command is missing/],
    [['tables'], /there is one command: sql/],
    [['sql'], /--dialect is missing/],
    [['sql', '--dialect', 'mssql'], /mssql.*postgres/s],
    [['sql', '--dialect', 'sqlite', '--prefix', 'Ours-'], /prefix: must be/],
    [['sql', '--dialekt', 'sqlite'], /--dialekt/],
  ])('refuses %j, and says how it is used', (args, message) => {
    const { code, text } = command(args)
    expect(code).toBe(1)
    expect(text).toMatch(message)
    expect(text).toContain('unstale sql --dialect')
  })
})
