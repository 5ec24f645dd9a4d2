/** Rows of targets that are wrong: said when they are saved; left out, and told once, where they came past that. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, createCollection, type FlushEvent, type Item } from '../harness/index.ts'
import type { Stage } from '../stage.ts'
import { until } from '../until.ts'
import { refusalOf, saving, targetRow } from './rows.ts'
import { createWitness, mark, type Witness } from './witness.ts'

interface Notification {
  recipient: string
  subject: string
  message: string
}

export function badRowsAreTold(stage: () => Stage): void {
  describe('a row that is wrong', () => {
    let api: Api
    const targets = () => api.items('cache_flush_targets')
    const posts = { collection: 'posts', events: ['create'], payload: ['title'] }

    beforeAll(() => {
      api = stage().api
    })

    const wrong: [what: string, row: Item, message: RegExp][] = [
      ['rules that are no JSON', { schema: '[{ "collection": ' }, /schema: is not valid JSON/],
      ['rules that are an object', { schema: { collection: 'posts' } }, /schema: has to be an array/],
      ['a rule that is a text', { schema: ['posts'] }, /schema\[0\]: has to be/],
      ['a rule without a collection', { schema: [{ events: ['create'], payload: [] }] }, /schema\[0\]\.collection/],
      ['a payload that is a text', { schema: [{ ...posts, payload: 'title' }] }, /schema\[0\]\.payload/],
      [
        'a collection that is not there',
        { schema: [{ ...posts, collection: 'nowhere' }] },
        /schema\[0\]\.collection: .*"nowhere"/,
      ],
      [
        'a field that is not there',
        { schema: [posts, { ...posts, payload: ['titel'] }] },
        /schema\[1\]\.payload\[0\]: .*"titel"/,
      ],
      [
        'a field of a relation that is not there',
        { schema: [{ ...posts, payload: ['author.nom'] }] },
        /schema\[0\]\.payload\[0\]: .*"nom"/,
      ],
      [
        'an old value that is not there',
        { schema: [{ ...posts, previous: ['slugg'] }] },
        /schema\[0\]\.previous\[0\]: .*"slugg"/,
      ],
      [
        'a filter on a field that is not there',
        { schema: [{ ...posts, filter: { state: { _eq: 1 } } }] },
        /schema\[0\]\.filter: .*"state"/,
      ],
      [
        'a filter that is none',
        { schema: [{ ...posts, filter: { title: { _equals: 1 } } }] },
        /schema\[0\]\.filter\.title\._equals/,
      ],
      ['an event that is none', { schema: [{ ...posts, events: ['create', 'publish'] }] }, /schema\[0\]\.events\[1\]/],
      ['no event at all', { schema: [{ ...posts, events: [] }] }, /schema\[0\]\.events/],
      ['an url without a scheme', { url: 'site.example/api/flush' }, /url/],
      ['an url of another scheme', { url: 'ftp://site.example/' }, /url/],
      ['an url with a password in it', { url: 'https://me:secret@site.example/' }, /url: .*credentials/],
      ["a header's name that is none", { auth_header: 'Api Key:', api_key: 'k' }, /auth_header/],
      ['a format that is none', { format: 'xml' }, /format/],
    ]
    it.each(wrong)('%s: said when it is saved, by the name of the field', async (_what, row, message) => {
      const said = await saving(api, targetRow([posts], row))
      expect(said).toEqual({ status: 400, message: expect.stringMatching(message) })
      expect(said.message).not.toContain('secret')
      const { id } = await targets().create<{ id: string }>(targetRow([posts]))
      expect(await refusalOf(targets().update(id, row))).toEqual({ status: 400, message: expect.stringMatching(message) })
      await targets().remove(id)
    })

    const never = ['activity', 'revisions', 'presets', 'notifications', 'sessions'].map((name) => `directus_${name}`)
    it.each([...never, 'cache_flush_targets', 'cache_flush_targets_directus_users'])('rules on %s are refused', async (name) => {
      const said = await saving(api, targetRow([{ collection: name }]))
      expect(said).toEqual({ status: 400, message: expect.stringContaining(`schema[0].collection: changes of "${name}"`) })
    })

    describe('past Directus, or spoilt later', () => {
      let me: string
      let witness: Witness
      const told = (target: string) => {
        const filter = { collection: { _eq: 'cache_flush_targets' }, item: { _eq: target } }
        return api.get<Notification[]>('/notifications', { limit: -1, filter })
      }
      const write = async (column: string, value: unknown) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value)
        const sql = `UPDATE cache_flush_targets SET ${column} = '${text}' WHERE id = '${witness.target}'`
        await api.post('/services/sql', { sql })
        // Whoever edits any target makes all of them be read again.
        await targets().update(witness.target, { name: `read again ${Math.random()}` })
      }
      const authors = { collection: 'authors', events: ['create'], payload: ['name'] }

      beforeAll(async () => {
        me = (await api.get<{ id: string }>('/users/me')).id
        await createCollection(api, { name: 'extras', fields: [{ field: 'name', type: 'string' }] })
      })

      const whole = () => createWitness(stage(), [posts], { users_notification: [{ directus_users_id: me }] })

      const spoilt: [what: string, rule: object, message: RegExp][] = [
        ['an unknown collection', { ...posts, collection: 'nowhere' }, /schema\[0\]\.collection/],
        ['an unknown field in its filter', { ...posts, filter: { state: { _eq: 1 } } }, /schema\[0\]\.filter/],
        ['an unknown event', { ...posts, events: ['publish'] }, /schema\[0\]\.events/],
        ['an unknown operator', { ...posts, filter: { title: { _equals: 1 } } }, /schema\[0\]\.filter/],
      ]
      it.each(spoilt)('%s: that rule is left out, the others work, and people are told', async (_what, rule, message) => {
        witness = await whole()
        await write('schema', [rule, { ...posts, payload: ['slug'] }, authors])
        const [notification] = await until(
          () => told(witness.target),
          (list) => list.length > 0,
        )
        expect(notification).toMatchObject({ recipient: me, message: expect.stringMatching(message) })
        const { problems } = await api.get<{ problems: string[] }>(`/unstale/targets/${witness.target}`)
        expect(problems).toEqual([expect.stringMatching(message)])
        const heard = await witness.hears(() => api.items('posts').create({ title: 'A', slug: 'a' }))
        expect(heard).toEqual([{ collection: 'posts', event: 'create', fields: { id: expect.any(Number), slug: 'a' } }])
        await witness.end()
      })

      const broken: [what: string, column: string, bad: unknown, good: (witness: Witness) => unknown][] = [
        ['an url that is none', 'url', 'site.example', ({ receiver }) => receiver.url],
        ['rules that are an object', 'schema', { collection: 'posts' }, () => [posts, authors]],
      ]
      it.each(broken)(
        '%s: that target rests, the others work; it works again once it is mended',
        async (_what, column, bad, good) => {
          witness = await whole()
          const other = await createWitness(stage(), [posts])
          await write(column, bad)
          const [first] = await until(
            () => told(witness.target),
            (list) => list.length > 0,
          )
          expect(first?.message).toMatch(new RegExp(`- ${column}: `))
          expect(await api.get(`/unstale/targets/${witness.target}`)).toMatchObject({ health: { state: 'left-out' } })
          witness.receiver.clear()
          expect(await other.hears(() => api.items('posts').create({ title: 'A' }))).toHaveLength(1)
          expect(witness.receiver.requests).toEqual([])
          await targets().update(witness.target, { [column]: good(witness) })
          await until(
            () => health(witness.target),
            (state) => state === 'fresh',
          )
          const isTold = () => witness.receiver.events<FlushEvent>().some(({ fields }) => fields['title'] === 'B')
          await until(async () => void (await api.items('posts').create({ title: 'B' })), isTold)
          for (const one of [witness, other]) await one.end()
        },
      )
      const health = async (id: string) => (await api.get<{ health: { state: string } }>(`/unstale/targets/${id}`)).health.state

      it('a collection that is deleted later: told once, also after a restart', async () => {
        const rules = [{ ...posts, collection: 'extras', payload: ['name'] }, posts]
        witness = await createWitness(stage(), rules, { users_notification: [{ directus_users_id: me }] })
        await api.delete('/collections/extras')
        const first = await until(
          () => told(witness.target),
          (list) => list.length > 0,
        )
        expect(first[0]?.message).toMatch(/schema\[0\]\.collection: there is no collection "extras"/)
        await targets().update(witness.target, { name: 'read again' })
        const { directus } = stage()
        const since = directus.log().length
        await directus.restart()
        await directus.waitForLog(new RegExp(`target ${witness.target}: left out`), { since })
        // What is looked after at the same time is done by then.
        await mark(api, witness.receiver)
        expect(await told(witness.target)).toHaveLength(1)
        const heard = await witness.hears(() => api.items('posts').create({ title: 'A' }))
        expect(heard).toMatchObject([{ collection: 'posts', fields: { title: 'A' } }])
      })
    })
  })
}
