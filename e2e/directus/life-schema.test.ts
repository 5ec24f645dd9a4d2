/** What the extension finds or may not make in the database: it says so once, and Directus goes on as ever. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { placeExtensions } from '../../examples/directus/src/extensions.ts'
import { withService } from '../../tools/services/in-tests.ts'
import { createCollection, type DirectusInTests, directusInTests, receiverInTests } from './harness/index.ts'
import { linesOf } from './log-lines.ts'
import { createOriginal } from './original.ts'
import { inDatabase, tablesOf } from './past-directus.ts'
import { createBlog, createTarget, extension, heard } from './stage.ts'

const OURS = /^(unstale_|cache_flush_targets)/
const ourTables = async ({ database }: DirectusInTests) => (await tablesOf(database)).filter((name) => OURS.test(name)).sort()

/** A Directus in which `before` was done before the extension came. */
async function extendedAfter(before: (directus: DirectusInTests) => Promise<unknown>, server?: string): Promise<DirectusInTests> {
  const directus = await directusInTests({ extensions: [], ...(server !== undefined && { server }) })
  await before(directus)
  await directus.stop()
  await placeExtensions([extension()], join(directus.folder, 'extensions'))
  return directus
}

describe('the schema', () => {
  it.each(['CACHE_FLUSH_DISABLE_SCHEMA_CHANGE', 'DISABLE_EXTENSION_SCHEMA_CHANGE'])(
    'stays as it is under %s; changes wait in memory, and are delivered from there',
    async (name) => {
      const directus = await directusInTests({ extensions: [extension()], env: { [name]: 'true' } })
      const { api } = directus
      expect(await ourTables(directus)).toEqual([])
      expect(linesOf(directus)).toEqual([
        expect.stringMatching(/cache_flush_targets is missing.*schema\/directus\.json.*no targets are read/),
        expect.stringMatching(/changes wait in memory, and a restart loses those .*schema\/unstale\.sqlite\.sql/),
      ])
      const receiver = await receiverInTests()
      await createBlog(api)
      await createOriginal(api)
      await createTarget(api, receiver.url, [{ collection: 'posts', payload: ['title'] }])
      const { id } = await api.items('posts').create<{ id: number }>({ title: 'A' })
      await heard(receiver, { event: 'create', fields: { id, title: 'A' } })
      expect(await ourTables(directus)).toEqual(['cache_flush_targets', 'cache_flush_targets_directus_users'])
      expect(await api.get('/unstale/health')).toMatchObject({ store: 'memory', durable: false, targets: 1 })
      await directus.stop()
    },
  )

  it('leaves a collection alone that has our name by chance', async () => {
    const directus = await extendedAfter(({ api }) =>
      createCollection(api, { name: 'cache_flush_targets', fields: [{ field: 'title', type: 'string' }] }),
    )
    await directus.restart()
    const { api } = directus
    expect(linesOf(directus)).toEqual([
      expect.stringMatching(/cache_flush_targets belongs to somebody else.*no targets are read/),
    ])
    const fields = await api.get<{ field: string }[]>('/fields/cache_flush_targets')
    expect(fields.map(({ field }) => field)).toEqual(['id', 'title'])
    const { id } = await api.items('cache_flush_targets').create<{ id: number }>({ title: '***' })
    await api.items('cache_flush_targets').update(id, { title: '****' })
    expect(await api.items('cache_flush_targets').list()).toEqual([{ id, title: '****' }])
    expect(await api.get('/unstale/health')).toMatchObject({ targets: 0 })
    expect(linesOf(directus)).toHaveLength(1)
    await directus.stop()
  })

  it('is left out where the licence allows no further collection, and made once it does', async () => {
    const names = Array.from({ length: 25 }, (_, n) => `c${n}`)
    const directus = await extendedAfter(async ({ api }) => {
      for (const name of names) await createCollection(api, { name, fields: [{ field: 'title', type: 'string' }] })
    })
    const { api } = directus
    await directus.restart()
    expect(linesOf(directus)).toEqual([
      expect.stringMatching(/licence of this Directus allows no further collection.*no targets/),
    ])
    expect(await api.items('c0').create({ title: 'A' })).toMatchObject({ title: 'A' })
    await api.delete('/collections/c24')
    const oneTooFew = directus.log().length
    await directus.restart()
    expect(linesOf(directus, oneTooFew)).toEqual([
      expect.stringMatching(/cache_flush_targets_directus_users cannot be created.*licence.*nobody can be chosen/),
    ])
    await api.delete('/collections/c23')
    const enough = directus.log().length
    await directus.restart()
    expect(linesOf(directus, enough)).toEqual([])
    expect(await ourTables(directus)).toContain('cache_flush_targets_directus_users')
    const receiver = await receiverInTests()
    await createTarget(api, receiver.url, [{ collection: 'c0', payload: ['title'] }])
    const { id } = await api.items('c0').create<{ id: number }>({ title: 'B' })
    await heard(receiver, { collection: 'c0', event: 'create', fields: { id, title: 'B' } })
    await directus.stop()
  })
})

await withService('postgres', ({ url: server }) => {
  describe('a database user who may create nothing', () => {
    const asPlainUser = async ({ database }: DirectusInTests, name: string) => {
      if (database.client !== 'pg') throw new Error('not Postgres')
      const sql = (text: string) => inDatabase(database, text)
      await sql(`CREATE ROLE ${name} LOGIN PASSWORD 'plain'`)
      await sql('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
      await sql(`GRANT USAGE ON SCHEMA public TO ${name}`)
      await sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${name}`)
      await sql(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${name}`)
      return { DB_USER: name, DB_PASSWORD: 'plain' }
    }

    it('is told so, and gets a Directus that works', async () => {
      const directus = await extendedAfter(({ api }) => createBlog(api), server)
      await directus.restart(await asPlainUser(directus, 'plain_without'))
      const { api } = directus
      expect(linesOf(directus)).toEqual([
        expect.stringMatching(/could not be created: permission denied.*files in the folder schema/),
        expect.stringMatching(/changes wait in memory.*schema\/unstale\.postgres\.sql/),
      ])
      expect(await api.items('posts').create({ title: 'A' })).toMatchObject({ title: 'A' })
      expect(await ourTables(directus)).toEqual([])
      await directus.stop()
      await dropRole(directus, 'plain_without')
    })

    it('has everything where the tables are there', async () => {
      const directus = await extendedAfter(({ api }) => createBlog(api), server)
      await directus.restart()
      await directus.stop()
      const said = directus.log().length
      await directus.restart(await asPlainUser(directus, 'plain_with'))
      expect(linesOf(directus, said)).toEqual([])
      const { api } = directus
      const receiver = await receiverInTests()
      await createTarget(api, receiver.url, [{ collection: 'posts', payload: ['title'] }])
      const { id } = await api.items('posts').create<{ id: number }>({ title: 'A' })
      await heard(receiver, { event: 'create', fields: { id, title: 'A' } })
      expect(await api.get('/unstale/health')).toMatchObject({ durable: true })
      await directus.stop()
      await dropRole(directus, 'plain_with')
    })

    const dropRole = ({ database }: DirectusInTests, name: string) =>
      inDatabase(database, `DROP OWNED BY ${name}; DROP ROLE ${name}`)
  })
})
