import { memoryStore } from '@unstale/core'
import { DataSource } from 'typeorm'
import { describe, expect, it } from 'vitest'
import { UnstaleModule, type UnstaleModuleOptions } from '../../src/index.ts'
import { application, SITE } from './stage.ts'

const given = (options: unknown) => () => UnstaleModule.forRoot(options as UnstaleModuleOptions)
const store = memoryStore()
const targets = [SITE]

describe('forRoot refuses', () => {
  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /takes an object of options/],
    ['no targets', { store }, /targets is missing: give an array, a TargetSource, or 'store'/],
    ['another text as targets', { store, targets: 'stroe' }, /targets has to be an array, a TargetSource, or 'store'/],
    [
      'no place for changes to wait',
      { targets },
      /database is missing: give the DataSource or Knex of your application, or a store/,
    ],
    [
      'two of them',
      { targets, store, database: { executor: {}, dialect: 'postgres' } },
      /database and store are both given: .* leave the other out/,
    ],
    ['a database that is none', { targets, database: 'postgres://…' }, /database has to be a DataSource of TypeORM, a Knex, or/],
    ['settings of tables without a database', { targets, store, tables: 'check' }, /prefix and tables are for a database/],
    [
      'a store that is still a promise',
      { targets, store: Promise.resolve(store) },
      /store has to be a store, such as await sqliteStore\(\{ filename \}\)/,
    ],
    ['entities without a DataSource', { targets, store, entities: 'all' }, /entities are those of a DataSource/],
    ['a drain below nothing', { targets, store, drain: -1 }, /drain has to be 0 or more \(milliseconds\)/],
    ['what is no option', { targets, store, target: [] }, /target is not an option; there are targets, database/],
  ])('%s', (_name, options, message) => {
    expect(given(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }))
  })

  it('names everything at once', () => {
    expect(given({ drain: -1 })).toThrow(/targets is missing.*database is missing.*drain has to be/)
  })
})

it('a wrong target ends the bootstrap, and its name is said, not its url', async () => {
  const wrong = { ...SITE, url: 'ftp://user:secret@site.example' }
  const imports = [UnstaleModule.forRoot({ targets: [wrong], store: memoryStore() })]
  const failed = await application({ imports }).catch((error: Error) => error)
  expect(failed).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('targets[0].url') })
  expect((failed as Error).message).not.toContain('secret')
})

it('a DataSource that is not initialized ends the bootstrap, and what to do is said', async () => {
  const database = new DataSource({ type: 'postgres', url: 'postgres://127.0.0.1:1/none' })
  const failed = application({ imports: [UnstaleModule.forRoot({ targets, database })] })
  await expect(failed).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('initialize() first') })
})

it('options of a factory are checked at the bootstrap', async () => {
  const imports = [UnstaleModule.forRootAsync({ useFactory: () => ({ store }) as never })]
  await expect(application({ imports })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
