/** A database of the original extension: it works after the extensions were swapped, and after they were swapped back. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { placeExtensions } from '../../examples/directus/src/extensions.ts'
import {
  type Api,
  type DirectusInTests,
  directusInTests,
  type FlushEvent,
  type InTestsOptions,
  type Receiver,
  receiverInTests,
} from './harness/index.ts'
import { COLUMNS, createOriginal } from './original.ts'
import { inDatabase, type Row } from './past-directus.ts'
import { createBlog, extension } from './stage.ts'

const ALL = ['create', 'update', 'delete']
const rule = (payload?: readonly string[]) => ({ collection: 'posts', events: ALL, ...(payload && { payload }) })

export function dropIn(name: string, options: InTestsOptions): void {
  describe(`in place of the original: ${name}`, () => {
    let directus: DirectusInTests
    let api: Api
    let receiver: Receiver
    let ada: string
    let before: { rows: Row[]; fields: Row[] }
    const at = (path: string) => new URL(path, receiver.url).href
    /** The request at that path that tells of this item. */
    const arrived = (path: string, id: string | number) =>
      receiver.until((requests) =>
        requests.find((one) => one.path === path && [one.body as FlushEvent[]].flat().some(({ fields }) => fields.id === id)),
      )

    const storedRows = () => inDatabase(directus.database, `SELECT ${COLUMNS.join(', ')} FROM cache_flush_targets ORDER BY url`)
    const storedFields = () =>
      inDatabase(
        directus.database,
        `SELECT * FROM directus_fields WHERE collection LIKE 'cache_flush_targets%' AND field NOT IN
          ('unstale', 'name', 'format', 'whole_collection', 'signing_keys', 'signing_overlap_until') ORDER BY id`,
      )
    const swapIn = async (env: Record<string, string> = {}) => {
      await directus.stop()
      await placeExtensions([extension()], join(directus.folder, 'extensions'))
      await directus.restart(env)
    }
    const swapOut = async () => {
      await directus.stop()
      await rm(join(directus.folder, 'extensions', 'directus-extension-unstale'), { recursive: true })
      await directus.restart()
    }

    beforeAll(async () => {
      directus = await directusInTests({ ...options, extensions: [] })
      api = directus.api
      receiver = await receiverInTests()
      await createBlog(api)
      await api.post('/collections', {
        collection: 'products',
        schema: {},
        meta: {},
        fields: [
          { field: 'sku', type: 'string', schema: { is_primary_key: true, length: 255 }, meta: { interface: 'input' } },
          { field: 'name', type: 'string', schema: {}, meta: {} },
        ],
      })
      await createOriginal(api)
      ada = (await api.post<{ id: string }>('/users', { email: 'ada@example.com', password: 'secret' })).id
      const published = { status: 'published', users_notification: [{ directus_users_id: ada }] }
      await api.items('cache_flush_targets').createMany([
        { ...published, url: at('/bearer'), auth_header: 'bearer', api_key: 'a+/b==', schema: [rule(['slug', 'title'])] },
        { ...published, url: at('/api-key'), auth_header: 'api-key', api_key: ' key ', schema: [rule(['title'])] },
        { ...published, url: at('/no-auth'), auth_header: 'no-auth', schema: [rule()] },
        {
          ...published,
          url: at('/own-header'),
          auth_header: 'X-Own-Key',
          api_key: '***********k',
          schema: [{ collection: 'products', events: ALL, payload: ['name'] }],
        },
        { ...published, url: at('/no-rules'), api_key: 'k', schema: null },
        { url: at('/draft'), api_key: 'k', schema: [rule([])] },
      ])
      before = { rows: await storedRows(), fields: await storedFields() }
      await swapIn()
    })
    beforeEach(() => receiver.clear())
    const createPost = (title: string) => api.items('posts').create<{ id: number }>({ title, slug: title.toLowerCase() })

    it('leaves the rows as they are, and the url unique', async () => {
      expect(await storedRows()).toEqual(before.rows)
      const twice = api.items('cache_flush_targets').create({ url: at('/draft'), api_key: 'k', schema: [rule([])] })
      await expect(twice).rejects.toMatchObject({ body: { errors: [{ extensions: { code: 'RECORD_NOT_UNIQUE' } }] } })
    })

    it('makes a form of the raw JSON, and changes no other setting of its fields', async () => {
      const form = ['interface', 'options']
      const others = (row: Row) =>
        Object.fromEntries(Object.entries(row).filter(([column]) => row['field'] !== 'schema' || !form.includes(column)))
      expect((await storedFields()).map(others)).toEqual(before.fields.map(others))
      const { meta } = await api.get<{ meta: Row & { options: Row } }>('/fields/cache_flush_targets/schema')
      expect(meta).toMatchObject({ interface: 'list', note: 'Ask Ada before you change this', sort: 42, required: true })
      expect(meta.options['fields']).toMatchObject([{ field: 'collection' }, { field: 'events' }, { field: 'payload' }, {}, {}])
      expect(await api.get('/collections/cache_flush_targets')).toMatchObject({
        meta: { icon: 'bolt', note: 'Made by the original' },
      })
    })

    it('sends format 1.1, byte for byte, and a delete with the last values', async () => {
      const { id } = await api.items('posts').create<{ id: number }>({ title: 'A', slug: 'a', status: 'new' })
      const expected = (event: string, title: string) =>
        new RegExp(
          `^\\[{"collection":"posts","event":"${event}","fields":{"id":${id},"slug":"a","title":"${title}"},"timestamp":\\d{13}}\\]$`,
        )
      expect((await arrived('/bearer', id)).raw).toMatch(expected('create', 'A'))
      receiver.clear()
      await api.items('posts').update(id, { title: 'B' })
      expect((await arrived('/bearer', id)).raw).toMatch(expected('update', 'B'))
      receiver.clear()
      await api.items('posts').remove(id)
      expect((await arrived('/bearer', id)).raw).toMatch(expected('delete', 'B'))
    })

    it('sends each kind of key as the original does, and calls neither drafts nor rows without rules', async () => {
      const { id } = await createPost('A')
      await api.items('products').create({ sku: 'p-1', name: 'Pen' })
      const headers = async (path: string) => (await arrived(path, path === '/own-header' ? 'p-1' : id)).headers
      expect(await headers('/bearer')).toMatchObject({ authorization: 'Bearer a+/b==', 'content-type': 'application/json' })
      expect(await headers('/api-key')).toMatchObject({ 'api-key': 'key' })
      expect(await headers('/own-header')).toMatchObject({ 'x-own-key': '***********k' })
      const none = await headers('/no-auth')
      expect([none['authorization'], none['api-key']]).toEqual([undefined, undefined])
      expect(receiver.requests.filter(({ path }) => path === '/draft' || path === '/no-rules')).toEqual([])
    })

    it('sends the id alone for a rule of format 1.0 without payload, and as the id any primary key', async () => {
      const { id } = await createPost('A')
      expect((await arrived('/no-auth', id)).raw).toMatch(
        new RegExp(`^\\[{"collection":"posts","event":"create","fields":{"id":${id}},"timestamp":\\d{13}}\\]$`),
      )
      await api.items('products').update('p-1', { name: 'Pencil' })
      expect((await arrived('/own-header', 'p-1')).raw).toMatch(
        /^\[{"collection":"products","event":"update","fields":{"id":"p-1","name":"Pencil"},"timestamp":\d{13}}\]$/,
      )
    })

    it('tells the users of a row when it fails', async () => {
      receiver.answer(({ path }) => (path === '/bearer' ? 500 : 200))
      await createPost('A')
      const notifications = () => api.get<Row[]>('/notifications', { filter: { recipient: { _eq: ada } } })
      await expect.poll(notifications, { timeout: 20_000 }).toMatchObject([{ collection: 'cache_flush_targets' }])
      receiver.answer(200)
      await expect.poll(notifications, { timeout: 60_000 }).toHaveLength(2)
    })

    it('stores what the form writes as the original would, and lets a user go whom rows name', async () => {
      const [row] = await api.items('cache_flush_targets').list<{ id: string }>({ filter: { url: { _eq: at('/api-key') } } })
      const schema = [{ collection: 'posts', events: ['update'], payload: ['title', 'slug'] }]
      await api.items('cache_flush_targets').update(row!.id, { schema, user_updated: ada })
      const [stored] = await inDatabase(directus.database, `SELECT schema FROM cache_flush_targets WHERE id = '${row!.id}'`)
      const json = stored!['schema']
      expect(typeof json === 'string' ? JSON.parse(json) : json).toEqual(schema)
      await api.delete(`/users/${ada}`)
      expect(await inDatabase(directus.database, 'SELECT * FROM cache_flush_targets_directus_users')).toEqual([])
      expect(await storedRows()).toHaveLength(before.rows.length)
    })

    it('sends format 1.0 where that is the default: one object a request', async () => {
      await directus.restart({ CACHE_FLUSH_DEFAULT_FORMAT: 'single' })
      const posts = await api.items('posts').createMany<{ id: number }>([
        { title: 'A', slug: 'a' },
        { title: 'B', slug: 'b' },
      ])
      const bodies = await receiver.until((requests) => {
        const own = requests.filter(({ path }) => path === '/bearer')
        return own.length >= 2 && own.map(({ raw }) => raw)
      })
      expect(bodies.map((raw) => raw.replace(/\d{13}/, 'T')).sort()).toEqual(
        posts.map(({ id }, n) => {
          const fields = `{"id":${id},"slug":"${'ab'[n]}","title":"${'AB'[n]}"}`
          return `{"collection":"posts","event":"create","fields":${fields},"timestamp":T}`
        }),
      )
    })

    it('can be taken out: what the original made and wrote is there, and it can write more', async () => {
      const rows = await storedRows()
      await swapOut()
      expect(await storedRows()).toEqual(rows)
      const keys = (all: Row[]) => all.map(({ api_key }) => api_key)
      expect(keys(rows)).toEqual(keys(before.rows))
      const fields = ['*', 'users_notification.directus_users_id'].join(',')
      expect(await api.items('cache_flush_targets').list({ fields, filter: { status: { _eq: 'published' } } })).toHaveLength(5)
      await api
        .items('cache_flush_targets')
        .create({ status: 'published', url: at('/meanwhile'), api_key: 'k', schema: [rule([])] })
      await api.items('posts').create({ title: 'unheard' })
    })

    it('can be put in again', async () => {
      await swapIn({ CACHE_FLUSH_DEFAULT_FORMAT: 'batch' })
      const { id } = await createPost('C')
      // Others may come with it: what a target had just answered when the server stopped is sent again.
      const last = async (path: string) => ((await arrived(path, id)).body as FlushEvent[]).at(-1)
      expect(await last('/bearer')).toMatchObject({ fields: { id, slug: 'c', title: 'C' } })
      expect(await last('/meanwhile')).toMatchObject({ fields: { id } })
    })
  })
}
