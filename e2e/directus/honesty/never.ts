/** What did not happen is told to nobody; what did is told as it is now. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, api as apiOf, createField, type FlushEvent } from '../harness/index.ts'
import type { Stage } from '../stage.ts'
import { createUser } from '../users.ts'
import { createWitness, type Told, type Witness } from './witness.ts'

interface Post {
  id: number
  title: string
}

export function nothingThatDidNotHappen(stage: () => Stage): void {
  describe('what did not happen', () => {
    let api: Api
    let witness: Witness
    let posts: Post[]
    const service = (body: object) => api.post<unknown>('/services', { collection: 'posts', ...body })
    const ids = () => posts.map(({ id }) => id)

    beforeAll(async () => {
      api = stage().api
      await createField(api, 'posts', { field: 'code', type: 'string', schema: { is_unique: true } })
      witness = await createWitness(stage(), [
        { collection: 'posts', payload: ['title', 'sort'], previous: ['title'] },
        { collection: 'comments', payload: ['text'] },
      ])
      const rows = ['A', 'B', 'C'].map((title) => ({ title, code: title, comments: [{ text: `on ${title}` }] }))
      await witness.hears(async () => {
        posts = await api.items('posts').createMany<Post>(rows)
      })
    })

    const refused = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ status: 400 })

    it('an array PATCH whose last item fails', async () => {
      const rows = [...posts.slice(0, 2).map(({ id }) => ({ id, title: 'never' })), { id: posts[2]!.id, code: 'A' }]
      expect(await witness.hears(() => refused(api.items('posts').updateBatch(rows)))).toEqual([])
    })

    it('a POST of two of which the second fails', async () => {
      const rows = [{ title: 'never' }, { title: 'never', code: 'A' }]
      expect(await witness.hears(() => refused(api.items('posts').createMany(rows)))).toEqual([])
    })

    it('a nested write whose child fails, parent and other children among it', async () => {
      const post = { title: 'never', comments: [{ text: 'never' }] }
      const author = { name: 'never', posts: [post, { title: 'never', code: 'A' }] }
      expect(await witness.hears(() => refused(api.items('authors').create(author)))).toEqual([])
    })

    it('an import that fails half-way', async () => {
      const rows = [{ title: 'never' }, { title: 'never' }, { title: 'never', code: 'A' }]
      const heard = await witness.hears(async () => {
        const form = new FormData()
        form.set('file', new Blob([JSON.stringify(rows)], { type: 'application/json' }), 'posts.json')
        const answer = await api.raw('/utils/import/posts', { method: 'POST', body: form })
        expect(answer.ok).toBe(false)
      })
      expect(await api.items('posts').list({ filter: { title: { _eq: 'never' } } })).toEqual([])
      expect(heard).toEqual([])
    })

    const calls: [method: string, args: () => unknown[]][] = [
      ['createOne', () => [{ title: 'never' }]],
      ['createMany', () => [[{ title: 'never' }, { title: 'never' }]]],
      ['updateMany', () => [ids(), { title: 'never' }]],
      ['updateBatch', () => [ids().map((id) => ({ id, title: `never ${id}` }))]],
      ['upsertMany', () => [[{ id: ids()[0], title: 'never' }, { title: 'never' }]]],
      ['deleteMany', () => [ids()]],
    ]
    const kinds = [
      ['tracked', true],
      ['untracked', false],
    ] as const
    describe.each(kinds)("in somebody's own transaction, %s", (_kind, tracked) => {
      it.each(calls)('%s, taken back by an error', async (method, args) => {
        const work = () => expect(service({ method, args: args(), tracked, end: 'rollback' })).rejects.toThrow('rolled back')
        expect(await witness.hears(work)).toEqual([])
      })

      it.each(calls)('%s, taken back without a word', async (method, args) => {
        expect(await witness.hears(() => service({ method, args: args(), tracked, end: 'undo' }))).toEqual([])
      })

      it('and all of it, where that is committed', async () => {
        const heard = await witness.hears(async () => {
          const id = await service({ method: 'createOne', args: [{ title: 'new' }], tracked, end: 'commit' })
          await service({ method: 'updateBatch', args: [[{ id, title: 'newer' }]], tracked, end: 'commit' })
          await service({ method: 'deleteMany', args: [[id]], tracked, end: 'commit' })
        })
        // What is gone by the time it is read is told as gone.
        expect(heard.at(-1)).toMatchObject({ event: 'delete', fields: { title: 'newer' } })
      })
    })

    describe('by somebody who may not', () => {
      let user: Api

      beforeAll(async () => {
        user = await createUser(api, stage().directus.url, 'somebody')
      })

      it.each([
        ['a user without permissions', () => user],
        ['nobody at all', () => apiOf(stage().directus.url)],
      ])('%s', async (_who, whoever) => {
        const items = whoever().items('posts')
        const [id] = ids() as [number]
        const attempts = [
          () => items.create({ title: 'never' }),
          () => items.createMany([{ title: 'never' }, { title: 'never' }]),
          () => items.update(id, { title: 'never' }),
          () => items.updateMany(ids(), { title: 'never' }),
          () => items.updateBatch(ids().map((one) => ({ id: one, title: 'never' }))),
          () => items.remove(id),
          () => items.removeMany(ids()),
        ]
        const heard = await witness.hears(async () => {
          for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ status: 403 })
        })
        expect(heard).toEqual([])
      })

      it('nor are the others of what was refused, when one of them is changed by somebody who says nothing of it', async () => {
        const silent = { emitEvents: false }
        const { id } = await api.items('posts').create<Post>({ title: 'D' })
        const items = user.items('posts')
        const heard = await witness.hears(async () => {
          await expect(items.updateMany([...ids(), id], { title: 'never' })).rejects.toThrow()
          await service({ method: 'updateOne', args: [id, { title: 'E' }, silent], tracked: true })
          await expect(items.removeMany([...ids(), id])).rejects.toThrow()
          await service({ method: 'deleteOne', args: [id, silent], tracked: true })
        })
        expect(new Set(heard.map(({ fields }) => fields.id))).toEqual(new Set([id]))
        expect(heard.at(-1)?.event).toBe('delete')
      })
    })
  })
}

export function onlyWhatIs(stage: () => Stage): void {
  describe('what did happen', () => {
    let api: Api
    let witness: Witness
    let id: number

    beforeAll(async () => {
      api = stage().api
      witness = await createWitness(stage(), [{ collection: 'posts', payload: ['title', 'sort'], previous: ['title'] }])
      id = (await api.items('posts').create<Post>({ title: 'round 0', sort: 0 })).id
    })

    it.each([1, 2, 3])('an array PATCH carries the new values, never the old ones (%i of 3)', async (round) => {
      const other = await api.items('posts').create<Post>({ title: 'old' })
      const rows = [
        { id, title: `round ${round}` },
        { id: other.id, title: 'new' },
      ]
      const heard = await witness.hears(() => api.items('posts').updateBatch(rows))
      const titles = (key: number) => heard.filter((event) => event.event === 'update' && event.fields.id === key).map(titleOf)
      expect(titles(id)).toEqual([`round ${round}`])
      expect(titles(other.id)).toEqual(['new'])
    })

    it('whoever reads an item back when it is told of it finds at least what was told', async () => {
      const checked: Promise<[told: number, read: number]>[] = []
      const readBack = async ({ fields }: FlushEvent): Promise<[number, number]> => {
        const { sort } = await api.items('posts').read<{ sort: number }>(fields.id)
        return [Number(fields['sort']), sort]
      }
      witness.receiver.answer(({ body }) => {
        const mine = (body as FlushEvent[]).filter((event) => event.fields.id === id)
        checked.push(...mine.map(readBack))
        return 200
      })
      const ways: ((sort: number) => Promise<unknown>)[] = [
        (sort) => api.items('posts').update(id, { sort }),
        (sort) => api.items('posts').updateBatch([{ id, sort }]),
        (sort) => api.post('/services', { collection: 'posts', method: 'upsertMany', args: [[{ id, sort }]] }),
        (sort) =>
          api.post('/services', { collection: 'posts', method: 'updateOne', args: [id, { sort }], tracked: true, end: 'commit' }),
      ]
      for (let sort = 1; sort <= 24; sort++) {
        await ways[sort % ways.length]!(sort)
        // Each now and then on its own, the rest as they come.
        if (sort % 8 === 0) await witness.receiver.untilEvent(({ fields }) => fields['sort'] === sort)
      }
      const pairs = await Promise.all(checked)
      expect(pairs.length).toBeGreaterThanOrEqual(3)
      for (const [told, read] of pairs) expect(read).toBeGreaterThanOrEqual(told)
      witness.receiver.answer(200)
    })
  })
}

const titleOf = ({ fields }: Told) => fields['title']
