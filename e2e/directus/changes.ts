/** Every way in which an item can change in Directus, and what a front end hears of it. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InTestsOptions } from './harness/in-tests.ts'
import type { Api, Receiver } from './harness/index.ts'
import { createStage, createTarget, heard, told } from './stage.ts'

type Post = { id: number; title: string; slug: string }

export function everyChangeCounts(name: string, options: InTestsOptions): void {
  describe(`every change counts: ${name}`, () => {
    let api: Api
    let receiver: Receiver

    beforeAll(async () => {
      const stage = await createStage(options)
      api = stage.api
      receiver = stage.receiver
      await createTarget(api, receiver.url, [
        { collection: 'posts', payload: ['title', 'slug'], previous: ['slug'] },
        { collection: 'authors', payload: ['name'] },
        { collection: 'comments', payload: ['text'] },
        { collection: 'directus_files', payload: ['title', 'filename_download'] },
        { collection: 'directus_users', payload: ['first_name'] },
      ])
    })
    // What an earlier test has left to come is none of the next one's.
    beforeEach(async () => {
      const { id } = await api.items('authors').create<{ id: number }>({ name: 'between two tests' })
      await heard(receiver, { collection: 'authors', fields: { id } })
    })

    const createPosts = async (...titles: string[]): Promise<Post[]> => {
      const posts = await api.items('posts').createMany<Post>(titles.map((title) => ({ title, slug: title.toLowerCase() })))
      await told(receiver, titles.length)
      return posts
    }
    const service = (body: object) => api.post<unknown>('/services', body)

    it('create, with all that was asked for, defaults of the database among it', async () => {
      const { id } = await api.items('posts').create<Post>({ title: 'A' })
      expect(await told(receiver, 1)).toEqual([{ collection: 'posts', event: 'create', fields: { id, title: 'A', slug: null } }])
    })

    it('create of many in one call', async () => {
      const posts = await api.items('posts').createMany<Post>([{ title: 'A' }, { title: 'B' }, { title: 'C' }])
      const events = posts.map(({ id, title }) => ({ collection: 'posts', event: 'create', fields: { id, title, slug: null } }))
      expect(await told(receiver, 3)).toEqual(events)
    })

    it('update, with the old values that were asked for', async () => {
      const [post] = await createPosts('A')
      await api.items('posts').update(post!.id, { slug: 'b' })
      const fields = { id: post!.id, title: 'A', slug: 'b' }
      expect(await told(receiver, 1)).toEqual([{ collection: 'posts', event: 'update', fields, previous: { slug: 'a' } }])
    })

    it('update of many with the same values', async () => {
      const posts = await createPosts('A', 'B')
      const ids = posts.map(({ id }) => id)
      await api.items('posts').updateMany(ids, { title: 'C' })
      const events = posts.map(({ id, slug }) => ({ collection: 'posts', event: 'update', fields: { id, title: 'C', slug } }))
      expect(await told(receiver, 2)).toEqual(events)
    })

    it('update of many, each with its own (array PATCH, whose actions come before the commit)', async () => {
      const posts = await createPosts('A', 'B')
      await api.items('posts').updateBatch(posts.map(({ id, title }) => ({ id, title: `new ${title}`, slug: `new-${id}` })))
      expect(await told(receiver, 2)).toEqual(
        posts.map(({ id, title, slug }) => ({
          collection: 'posts',
          event: 'update',
          fields: { id, title: `new ${title}`, slug: `new-${id}` },
          previous: { slug },
        })),
      )
    })

    it('delete of one and of many, with the last values', async () => {
      const posts = await createPosts('A', 'B', 'C')
      await api.items('posts').remove(posts[0]!.id)
      await api.items('posts').removeMany(posts.slice(1).map(({ id }) => id))
      const events = posts.map((fields) => ({
        collection: 'posts',
        event: 'delete',
        previous: { slug: fields.slug },
        fields: pick(fields),
      }))
      expect(await told(receiver, 3)).toEqual(events)
    })

    it('nested writes: each item of its own collection', async () => {
      const author = { name: 'Ada', posts: [{ title: 'A', slug: 'a', comments: [{ text: 'first' }] }] }
      await api.items('authors').create(author)
      expect(await told(receiver, 3)).toMatchObject([
        { collection: 'authors', event: 'create', fields: { name: 'Ada' } },
        { collection: 'comments', event: 'create', fields: { text: 'first' } },
        { collection: 'posts', event: 'create', fields: { title: 'A' } },
      ])
    })

    it('what the database deletes or changes on its own', async () => {
      const author = await api
        .items('authors')
        .create<{ id: number; posts: number[] }>({ name: 'Ada', posts: [{ title: 'A', comments: [{ text: 'one' }] }] })
      await told(receiver, 3)
      await api.items('posts').remove(author.posts[0]!)
      expect(await told(receiver, 2)).toMatchObject([
        { collection: 'comments', event: 'delete', fields: { text: 'one' } },
        { collection: 'posts', event: 'delete', fields: { title: 'A' } },
      ])
      const [post] = await createPosts('B')
      await api.items('posts').update(post!.id, { author: author.id })
      await told(receiver, 1)
      await api.items('authors').remove(author.id)
      expect(await told(receiver, 2)).toMatchObject([
        { collection: 'authors', event: 'delete', fields: { name: 'Ada' } },
        { collection: 'posts', event: 'update', fields: { id: post!.id, title: 'B' } },
      ])
    })

    it.each([
      ['with accountability', true],
      ['without', false],
    ])('upsert by a service, %s', async (_name, tracked) => {
      const [post] = await createPosts('A')
      const rows = [
        { id: post!.id, title: 'updated', slug: 'z' },
        { title: 'created', slug: 'y' },
      ]
      await service({ collection: 'posts', method: 'upsertMany', args: [rows], tracked })
      expect(await told(receiver, 2)).toMatchObject([
        { event: 'update', fields: { id: post!.id, title: 'updated' }, previous: { slug: 'a' } },
        { event: 'create', fields: { title: 'created', slug: 'y' } },
      ])
    })

    it('by a service without accountability: create, update, delete', async () => {
      const [id] = (await service({ collection: 'posts', method: 'createMany', args: [[{ title: 'A', slug: 'a' }]] })) as number[]
      expect(await told(receiver, 1)).toMatchObject([{ event: 'create', fields: { id, title: 'A' } }])
      await service({ collection: 'posts', method: 'updateOne', args: [id, { slug: 'b' }] })
      expect(await told(receiver, 1)).toMatchObject([{ event: 'update', fields: { slug: 'b' }, previous: { slug: 'a' } }])
      await service({ collection: 'posts', method: 'deleteOne', args: [id] })
      expect(await told(receiver, 1)).toMatchObject([{ event: 'delete', fields: { title: 'A', slug: 'b' } }])
    })

    it('by a service that emits no events, with accountability', async () => {
      const [post] = await createPosts('A')
      await service({
        collection: 'posts',
        method: 'updateOne',
        args: [post!.id, { title: 'B' }, { emitEvents: false }],
        tracked: true,
      })
      expect(await told(receiver, 1)).toMatchObject([{ event: 'update', fields: { id: post!.id, title: 'B' } }])
    })

    it('an operation of a Flow that emits no events, as is its default', async () => {
      const [post] = await createPosts('A')
      const flow = await api.post<{ id: string }>('/flows', {
        name: 'edit',
        trigger: 'webhook',
        status: 'active',
        options: { method: 'POST', async: false },
      })
      const options = { collection: 'posts', key: [String(post!.id)], payload: { title: 'by a flow' }, permissions: '$full' }
      const operation = await api.post<{ id: string }>('/operations', {
        flow: flow.id,
        key: 'edit',
        type: 'item-update',
        position_x: 1,
        position_y: 1,
        options,
      })
      await api.patch(`/flows/${flow.id}`, { operation: operation.id })
      await api.post(`/flows/trigger/${flow.id}`, {})
      expect(await told(receiver, 1)).toMatchObject([{ event: 'update', fields: { id: post!.id, title: 'by a flow' } }])
      await api.delete(`/flows/${flow.id}`)
    })

    it('import of a file', async () => {
      const form = new FormData()
      form.set(
        'file',
        new Blob(
          [
            JSON.stringify([
              { title: 'I', slug: 'i' },
              { title: 'J', slug: 'j' },
            ]),
          ],
          { type: 'application/json' },
        ),
        'posts.json',
      )
      const answer = await api.raw('/utils/import/posts', { method: 'POST', body: form })
      expect(answer.status).toBeLessThan(300)
      expect(await told(receiver, 2)).toMatchObject([
        { event: 'create', fields: { title: 'I' } },
        { event: 'create', fields: { title: 'J' } },
      ])
    })

    it('sorting by hand moves every item of the collection', async () => {
      const posts = await createPosts('A', 'B', 'C')
      for (const [sort, { id }] of posts.entries()) await api.items('posts').update(id, { sort })
      await receiver.until(() => posts.every(({ id }) => receiver.events().some(({ fields }) => fields.id === id)))
      receiver.clear()
      await api.post('/utils/sort/posts', { item: posts[2]!.id, to: posts[0]!.id })
      const moved = (id: number) => receiver.events().some(({ fields, event }) => fields.id === id && event === 'update')
      await receiver.until(() => posts.every(({ id }) => moved(id)))
    })

    it('an upload, its replacement, its metadata and its deletion', async () => {
      const collection = 'directus_files'
      const { id } = await api.upload({ name: 'a.txt', type: 'text/plain', content: 'one', fields: { title: 'one' } })
      await heard(receiver, { collection, event: 'create', fields: { id, title: 'one', filename_download: 'a.txt' } })
      await api.upload({ name: 'b.txt', type: 'text/plain', content: 'two' }, id)
      await heard(receiver, { collection, event: 'update', fields: { id, filename_download: 'b.txt' } })
      await api.patch(`/files/${id}`, { title: 'three' })
      await heard(receiver, { collection, event: 'update', fields: { id, title: 'three' } })
      await api.delete(`/files/${id}`)
      await heard(receiver, { collection, event: 'delete', fields: { id, title: 'three' } })
    })

    it('users, but for what the Studio notes of where they are', async () => {
      const collection = 'directus_users'
      const me = await api.get<{ id: string }>('/users/me')
      const { id } = await api.post<{ id: string }>('/users', { email: 'ada@example.com', password: 'secret', first_name: 'Ada' })
      await heard(receiver, { collection, event: 'create', fields: { id, first_name: 'Ada' } })
      await api.patch('/users/me/track/page', { last_page: '/content' })
      await api.patch(`/users/${id}`, { first_name: 'Grace' })
      await receiver.untilEvent(({ fields }) => fields['first_name'] === 'Grace')
      expect(receiver.events().filter(({ fields }) => fields.id === me.id)).toEqual([])
    })

    it('a version that is promoted; not one that is only saved', async () => {
      await api.patch('/collections/posts', { meta: { versioning: true } })
      const [post] = await createPosts('A')
      const version = await api.post<{ id: string }>('/versions', {
        name: 'next',
        key: `v${post!.id}`,
        collection: 'posts',
        item: String(post!.id),
      })
      await api.post(`/versions/${version.id}/save`, { title: 'promoted' })
      const { mainHash } = await api.get<{ mainHash: string }>(`/versions/${version.id}/compare`)
      await api.post(`/versions/${version.id}/promote`, { mainHash })
      await heard(receiver, { collection: 'posts', event: 'update', fields: { id: post!.id, title: 'promoted' } })
    })

    it('ten thousand items deleted at once', async () => {
      const rows = Array.from({ length: 10_000 }, (_, n) => ({ title: `many ${n}`, slug: `m${n}` }))
      await service({ collection: 'posts', method: 'createMany', args: [rows, { emitEvents: false }] })
      const posts = await api.get<Post[]>('/items/posts?limit=-1&fields=id&filter[title][_starts_with]=many')
      expect(posts).toHaveLength(10_000)
      await service({ collection: 'posts', method: 'deleteMany', args: [posts.map(({ id }) => id)], tracked: true })
      await receiver.until(() => receiver.events().length >= 10_000, 60_000)
      expect(
        receiver.events().every(({ event, fields }) => event === 'delete' && String(fields['title']).startsWith('many')),
      ).toBe(true)
      expect(receiver.requests.length).toBeLessThan(100)
    })
  })
}

const pick = ({ id, title, slug }: Post): Post => ({ id, title, slug })
