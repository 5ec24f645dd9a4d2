/** Signing keys: made, rotated with an overlap, and shown to nobody. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Received, receiverInTests } from '../harness/index.ts'
import { createTarget, type Stage } from '../stage.ts'
import { until } from '../until.ts'
import { act, reportOf } from './reports.ts'

interface KeysReport {
  keys: number
  overlapUntil: number | null
  key?: string
}

/** The reference implementation, which is none of ours. */
const { Webhook } = createRequire(join(import.meta.dirname, '../../../packages/receiver/package.json'))('standardwebhooks') as {
  Webhook: new (secret: string) => { verify(body: string, headers: object): unknown }
}

const isSignedWith = (key: string | undefined, { raw, headers }: Received): boolean => {
  try {
    new Webhook(key ?? '').verify(raw, headers)
    return true
  } catch {
    return false
  }
}

const countOf = (header: unknown) => (typeof header === 'string' ? header.split(' ').length : 0)

export function keysSignAndStaySecret(stage: () => Stage): void {
  describe('signing keys', () => {
    it('sign each request; two of them during a rotation; one again when it is finished; none when they are removed', async () => {
      const { api } = stage()
      const receiver = await receiverInTests()
      const id = await createTarget(api, receiver.url, [{ collection: 'posts', payload: ['title'] }])
      let posts = 0
      const next = async (): Promise<Received> => {
        receiver.clear()
        const title = `signed ${++posts}`
        await api.items('posts').create({ title })
        return receiver.until((requests) => requests.find(({ raw }) => raw.includes(title)))
      }
      // A change of keys is followed a moment after it.
      const signedBy = (count: number) => until(next, ({ headers }) => countOf(headers['webhook-signature']) === count)
      const change = (action: string) => act<KeysReport>(api, id, 'keys', { action })

      await signedBy(0)

      const first = await change('rotate')
      expect(first).toMatchObject({ keys: 1, overlapUntil: null, key: expect.stringMatching(/^whsec_[\w+/]{43}=$/) })
      expect(isSignedWith(first.key, await signedBy(1))).toBe(true)

      const second = await change('rotate')
      expect(second).toMatchObject({ keys: 2, key: expect.stringMatching(/^whsec_/) })
      expect(second.overlapUntil).toBeGreaterThan(Date.now())
      const both = await signedBy(2)
      // A receiver that knows either of them takes it, one that knows neither does not.
      expect([first.key, second.key].map((key) => isSignedWith(key, both))).toEqual([true, true])
      expect(isSignedWith(`whsec_${Buffer.alloc(32, 1).toString('base64')}`, both)).toBe(false)
      expect((await reportOf(api, id)).signing).toEqual({ keys: 2, overlapUntil: second.overlapUntil })

      expect(await change('finish')).toEqual({ keys: 1, overlapUntil: null })
      const finished = await signedBy(1)
      expect([first.key, second.key].map((key) => isSignedWith(key, finished))).toEqual([false, true])

      expect(await change('remove')).toEqual({ keys: 0, overlapUntil: null })
      await signedBy(0)
      await expect(change('guess')).rejects.toMatchObject({ status: 400, message: expect.stringContaining('rotate') })
      await api.items('cache_flush_targets').remove(id)
    })

    it('are readable through no API, and not in the database', async () => {
      const { api, directus } = stage()
      const id = await createTarget(api, (await receiverInTests()).url, [{ collection: 'posts', payload: ['title'] }])
      const { key = '' } = await act<KeysReport>(api, id, 'keys', { action: 'rotate' })
      const { key: newer = '' } = await act<KeysReport>(api, id, 'keys', { action: 'rotate' })
      // An edit by hand leaves a revision.
      await api.items('cache_flush_targets').update(id, { name: 'edited', api_key: 'another key of the front end' })
      const secrets = [key, newer, key.slice(6), newer.slice(6), 'key of the front end']

      const query = `{ cache_flush_targets_by_id(id: "${id}") { id name signing_keys api_key } }`
      const seen = {
        item: await api.get(`/items/cache_flush_targets/${id}`),
        items: await api.get('/items/cache_flush_targets', { filter: { signing_keys: { _nnull: true } } }),
        graphql: await api.post('/graphql', { query }),
        revisions: await api.get('/revisions', { filter: { collection: { _eq: 'cache_flush_targets' } }, limit: -1 }),
        activity: await api.get('/activity', { filter: { collection: { _eq: 'cache_flush_targets' } }, limit: -1 }),
        export: await (await api.raw('/items/cache_flush_targets?export=json')).text(),
        report: await reportOf(api, id),
        database: await api.post('/services/sql', { sql: `SELECT * FROM cache_flush_targets WHERE id = '${id}'` }),
        revisionsInDatabase: await api.post('/services/sql', {
          sql: `SELECT data, delta FROM directus_revisions WHERE collection = 'cache_flush_targets'`,
        }),
        log: directus.log(),
      }
      for (const [where, what] of Object.entries(seen))
        for (const secret of secrets)
          expect({ where, leaks: JSON.stringify(what).includes(secret) }).toEqual({ where, leaks: false })
      // They are there all the same.
      expect(seen.item).toMatchObject({ name: 'edited', signing_keys: '**********', api_key: '**********' })
      expect(JSON.stringify(seen.graphql)).toContain('**********')
      expect(JSON.stringify(seen.revisions)).toContain('edited')
      const [row] = seen.database as { signing_keys: string; api_key: string }[]
      expect(row?.signing_keys.length).toBeGreaterThan(80)
      expect(row?.api_key.length).toBeGreaterThan(20)
      await api.items('cache_flush_targets').remove(id)
    })
  })
}
