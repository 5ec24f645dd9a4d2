/** A rule with a filter: who enters it, leaves it, or was never in it. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../harness/index.ts'
import type { Stage } from '../stage.ts'
import { createWitness, type Witness } from './witness.ts'

interface Post {
  id: number
}

export function filtersHold(stage: () => Stage): void {
  describe('a filter in a rule', () => {
    let api: Api
    let witness: Witness

    beforeAll(async () => {
      api = stage().api
      witness = await createWitness(stage(), [
        { collection: 'posts', payload: ['title', 'status'], previous: ['slug'], filter: { status: { _eq: 'published' } } },
      ])
    })

    const create = async (data: object) => (await api.items('posts').create<Post>({ title: 'A', slug: 'a', ...data })).id

    it('an item that leaves it goes out with its last matching values', async () => {
      let id = 0
      await witness.hears(async () => {
        id = await create({ status: 'published' })
      })
      const heard = await witness.hears(() =>
        api.items('posts').update(id, { title: 'secret draft', slug: 'b', status: 'draft' }),
      )
      const fields = { id, title: 'A', status: 'published' }
      expect(heard).toEqual([{ collection: 'posts', event: 'update', fields, previous: { slug: 'a' } }])
      expect(await witness.hears(() => api.items('posts').update(id, { title: 'more' }))).toEqual([])
    })

    it('one that enters it goes out as it is', async () => {
      let id = 0
      const silence = await witness.hears(async () => {
        id = await create({ status: 'draft' })
      })
      expect(silence).toEqual([])
      const heard = await witness.hears(() => api.items('posts').update(id, { title: 'B', status: 'published' }))
      // It had no public address before.
      expect(heard).toEqual([{ collection: 'posts', event: 'update', fields: { id, title: 'B', status: 'published' } }])
    })

    it('one that never matched is silent to its end', async () => {
      const heard = await witness.hears(async () => {
        const id = await create({ status: 'draft' })
        await api.items('posts').update(id, { title: 'B' })
        await api.items('posts').updateBatch([{ id, slug: 'c' }])
        await api.items('posts').remove(id)
      })
      expect(heard).toEqual([])
    })

    it('a delete of one that matches carries its last values, and the old ones', async () => {
      const id = await create({ status: 'published' })
      const heard = await witness.hears(() => api.items('posts').remove(id))
      const fields = { id, title: 'A', status: 'published' }
      expect(heard.at(-1)).toEqual({ collection: 'posts', event: 'delete', fields, previous: { slug: 'a' } })
    })

    it('through a relation: whose author is another by now', async () => {
      const payload = ['title', 'author.name']
      const own = await createWitness(stage(), [
        { collection: 'posts', payload, filter: { author: { name: { _starts_with: 'Ada' } } } },
      ])
      const author = await api.items('authors').create<{ id: number }>({ name: 'Ada L.' })
      const other = await api.items('authors').create<{ id: number }>({ name: 'Grace H.' })
      let id = 0
      await own.hears(async () => {
        id = await create({ author: author.id })
      })
      const heard = await own.hears(async () => {
        await api.items('posts').update(id, { author: other.id })
        await api.items('posts').remove(id)
      })
      const fields = { id, title: 'A', author: { name: 'Ada L.' } }
      expect(heard.filter(({ collection }) => collection === 'posts')).toEqual([{ collection: 'posts', event: 'update', fields }])
    })
  })
}
