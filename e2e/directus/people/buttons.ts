/** What the buttons of a target's page do, over the endpoint that they call. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Api, type FlushEvent, type Receiver, receiverInTests } from '../harness/index.ts'
import { createTarget, type Stage } from '../stage.ts'
import { until } from '../until.ts'
import { act, reported, reportOf } from './reports.ts'

interface Post {
  id: number
}

export function buttonsDoWhatTheySay(stage: () => Stage): void {
  describe('buttons', () => {
    let api: Api
    let receiver: Receiver
    let id: string
    let posts: number[]
    const create = async (title: string) => (await api.items('posts').create<Post>({ title })).id
    const told = (title: string, timeoutMs?: number) => receiver.untilEvent(({ fields }) => fields['title'] === title, timeoutMs)
    const rules = [{ collection: 'posts', payload: ['title'] }]

    beforeAll(async () => {
      api = stage().api
      posts = await Promise.all(['A', 'B', 'C'].map(create))
    })

    beforeEach(async () => {
      for (const { id } of await api.items('cache_flush_targets').list<{ id: string }>())
        await api.items('cache_flush_targets').remove(id)
      receiver = await receiverInTests({ status: 200, body: { heard: true } })
      id = await createTarget(api, `${receiver.url}?page=1`, rules, { name: 'Front end' })
      // What was changed a moment before may still be on its way, and is none of the next test's.
      await create('between two tests')
      await told('between two tests')
      await reported(api, id, ({ deliveries }) => deliveries.some(({ verdict }) => verdict === 'delivered'))
      receiver.clear()
    })

    it('the report says how it is doing, and what was sent', async () => {
      const key = await create('news')
      await told('news')
      const report = await reported(api, id, ({ deliveries }) => deliveries.length > 1)
      const items = [{ collection: 'posts', key, event: 'create' }]
      expect(report).toMatchObject({
        id,
        name: 'Front end',
        url: receiver.url,
        status: 'published',
        health: { state: 'fresh' },
        pending: 0,
        inFlight: 0,
        dead: 0,
        problems: [],
        signing: { keys: 0, overlapUntil: null },
        mayAct: true,
      })
      const { deliveries } = report
      expect(deliveries).toHaveLength(2)
      expect(deliveries[0]).toMatchObject({
        verdict: 'delivered',
        status: 200,
        attempt: 1,
        count: 1,
        items,
        body: '{"heard":true}',
      })
      expect(JSON.stringify(report)).not.toMatch(/key of the front end|page=1/)
    })

    it('"flush now" sends all of its items, to it alone', async () => {
      const other = await receiverInTests()
      await createTarget(api, other.url, rules)
      other.clear()
      const count = (await api.items('posts').list()).length
      expect(await act(api, id, 'flush')).toEqual({ announced: count })
      await receiver.until(() => receiver.events().length === count)
      expect(receiver.events<FlushEvent>().every(({ event }) => event === 'update')).toBe(true)
      await create('marker')
      await other.untilEvent(({ fields }) => fields['title'] === 'marker')
      expect(other.events()).toHaveLength(1)
    })

    it('a flush of some items, at some targets or all', async () => {
      const other = await receiverInTests()
      const second = await createTarget(api, other.url, rules)
      const [one, two] = posts as [number, number]
      const gone = 1_000_000
      other.clear()
      expect(await api.post('/unstale/flush', { collection: 'posts', keys: [one, String(two), gone] })).toEqual({ announced: 6 })
      for (const each of [receiver, other]) {
        await each.until(() => each.events().length === 3)
        expect(each.events<FlushEvent>().map(({ event, fields }) => ({ event, fields }))).toEqual(
          expect.arrayContaining([
            { event: 'update', fields: { id: one, title: 'A' } },
            { event: 'update', fields: { id: two, title: 'B' } },
            { event: 'update', fields: { id: gone } },
          ]),
        )
        each.clear()
      }
      expect(await api.post('/unstale/flush', { target: second, collection: 'posts', keys: [one] })).toEqual({ announced: 1 })
      await other.until(() => other.events().length === 1)
      expect(await api.post('/unstale/flush', { collection: 'authors' })).toEqual({ announced: 0 })
      await create('marker')
      await told('marker')
      expect(receiver.events()).toHaveLength(1)
    })

    it.each([
      [{ keys: [1] }, /collection/],
      [{ collection: 5 }, /collection/],
      [{ collection: 'posts', keys: [{}] }, /keys/],
      [{ targets: [true] }, /targets/],
    ])('a flush of %j is refused', async (body, message) => {
      const error = await api.post('/unstale/flush', body).catch((caught) => caught)
      expect(error).toMatchObject({ status: 400, message: expect.stringMatching(message) })
    })

    it('"send test" says what the receiver answered, or why it did not', async () => {
      expect(await act(api, id, 'test')).toEqual({ status: 200, tookMs: expect.any(Number), body: '{"heard":true}' })
      expect(receiver.requests.at(-1)?.body).toEqual([])
      receiver.answer(503)
      expect(await act(api, id, 'test')).toMatchObject({ status: 503 })
      await receiver.close()
      expect(await act(api, id, 'test')).toEqual({ message: expect.stringMatching(/\w/), tookMs: expect.any(Number) })
      // Nothing of it counts: the target is as well as it was.
      const { health, deliveries } = await reportOf(api, id)
      expect([health.state, deliveries.length]).toEqual(['fresh', 1])
    })

    it('"retry now" does not wait for the next attempt', async () => {
      receiver.answer(500)
      await create('late')
      for (let failures = 1; failures <= 4; failures++) {
        await reported(api, id, ({ health }) => health.failures === failures)
        if (failures < 4) await act(api, id, 'retry')
      }
      expect((await reportOf(api, id)).health.state).toBe('failing')
      // The next is due ten seconds after the fourth.
      receiver.clear()
      receiver.answer(200)
      await act(api, id, 'retry')
      await told('late', 5000)
      await reported(api, id, ({ health, pending }) => health.state === 'fresh' && pending === 0)
    })

    it('a receiver that is gone (410) is called no more until somebody resumes it; nothing is lost', async () => {
      receiver.answer(410)
      await create('for nobody')
      await reported(api, id, ({ health }) => health.state === 'suspended' && health.reason === 'gone')
      receiver.answer(200)
      receiver.clear()
      await create('kept')
      await reported(api, id, ({ pending }) => pending === 2)
      expect(receiver.requests).toEqual([])
      await act(api, id, 'resume')
      await told('kept')
      await told('for nobody')
      await reported(api, id, ({ health, pending }) => health.state === 'fresh' && pending === 0)
    })

    it('one that is suspended by hand keeps what changes', async () => {
      await act(api, id, 'suspend')
      await create('kept')
      const report = await reported(api, id, ({ pending }) => pending === 1)
      expect(report.health).toMatchObject({ state: 'suspended', reason: 'manual' })
      await act(api, id, 'resume')
      await told('kept')
    })

    it('what a receiver refuses for good is put aside, and sent again when asked for', async () => {
      receiver.answer(({ raw }) => (raw.includes('poison') ? 413 : 200))
      await create('poison')
      const asked = async () => {
        await create('wholesome')
        await act(api, id, 'retry')
        return reportOf(api, id)
      }
      await until(asked, ({ dead }) => dead === 1)
      expect(receiver.events<FlushEvent>().some(({ fields }) => fields['title'] === 'wholesome')).toBe(true)
      receiver.answer(200)
      receiver.clear()
      expect(await act(api, id, 'redrive')).toEqual({ count: 1 })
      await told('poison')
      await reported(api, id, ({ dead, pending }) => dead === 0 && pending === 0)
    })

    it('an action that is none is told which there are', async () => {
      const error = await act(api, id, 'explode').catch((caught) => caught)
      expect(error).toMatchObject({ status: 404, message: expect.stringMatching(/flush, test, retry/) })
    })
  })
}
