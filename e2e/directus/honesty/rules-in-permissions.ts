/** A user who may change some items and not others: rules in permissions need Directus 11. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../harness/index.ts'
import type { Stage } from '../stage.ts'
import { createUser, type Permission } from '../users.ts'
import { createWitness, type Witness } from './witness.ts'

interface Post {
  id: number
}

export function whatIsForbiddenIsSilent(stage: () => Stage): void {
  describe('a user who may change drafts alone', () => {
    let api: Api
    let user: Api
    let witness: Witness
    let draft: number
    let published: number

    beforeAll(async () => {
      api = stage().api
      const permissions = { status: { _eq: 'draft' } }
      const on = (action: Permission['action']): Permission => ({ collection: 'posts', action, permissions })
      user = await createUser(api, stage().directus.url, 'editor', [
        { collection: 'posts', action: 'read' },
        // What a user creates is looked at when it is there, in the transaction that is then rolled back.
        { collection: 'posts', action: 'create', validation: permissions },
        on('update'),
        on('delete'),
      ])
      witness = await createWitness(stage(), [{ collection: 'posts', payload: ['title'] }])
      const posts = await api.items('posts').createMany<Post>([
        { title: 'draft', status: 'draft' },
        { title: 'published', status: 'published' },
      ])
      ;[draft, published] = posts.map(({ id }) => id) as [number, number]
      await witness.hears(async () => {})
    })

    const tries: [what: string, attempt: () => Promise<unknown>][] = [
      ['PATCH of one', () => user.items('posts').update(published, { title: 'never' })],
      [
        'PATCH of several, of which one is forbidden',
        () => user.items('posts').updateMany([draft, published], { title: 'never' }),
      ],
      [
        'array PATCH, of which the last is forbidden',
        () => user.items('posts').updateBatch([draft, published].map((id) => ({ id, title: 'never' }))),
      ],
      ['DELETE of one', () => user.items('posts').remove(published)],
      ['DELETE of several, of which one is forbidden', () => user.items('posts').removeMany([draft, published])],
      ['POST of one', () => user.items('posts').create({ title: 'never', status: 'published' })],
      [
        'POST of two, of which the second is forbidden',
        () => user.items('posts').createMany(['draft', 'published'].map((status) => ({ title: 'never', status }))),
      ],
    ]
    it.each(tries)('%s: nothing', async (_what, attempt) => {
      expect(await witness.hears(() => expect(attempt()).rejects.toThrow(/was answered 40[03]/))).toEqual([])
    })

    it('and what is allowed is told', async () => {
      const heard = await witness.hears(() => user.items('posts').updateBatch([{ id: draft, title: 'allowed' }]))
      expect(heard).toEqual([{ collection: 'posts', event: 'update', fields: { id: draft, title: 'allowed' } }])
    })
  })
}
