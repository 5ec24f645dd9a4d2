/** Receivers that are down, or never answer, or are changed while something is on its way to them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, type FlushEvent, type Receiver, receiverInTests } from '../harness/index.ts'
import { createStage, createTarget, type Stage } from '../stage.ts'
import { until } from '../until.ts'

interface Report {
  health: { state: string; failures?: number }
  pending: number
  inFlight: number
}

interface Notification {
  recipient: string
  subject: string
  item: string
}

const rules = [{ collection: 'posts', payload: ['title'] }]

export function receiversComeAndGo(): void {
  describe('receivers', () => {
    let stage: Stage
    let api: Api
    const targets = () => api.items('cache_flush_targets')
    const report = (id: string) => api.get<Report>(`/unstale/targets/${id}`)
    const create = async (title: string) => (await api.items('posts').create<{ id: number }>({ title })).id

    beforeAll(async () => {
      stage = await createStage({ env: { UNSTALE_TIMEOUT: '2s', UNSTALE_WINDOW_QUIET: '10', UNSTALE_WINDOW_MAX: '50' } })
      api = stage.api
    })

    it('down for ten attempts, then up: everything arrives, and people hear of it twice', async () => {
      const me = await api.get<{ id: string }>('/users/me')
      const other = await api.post<{ id: string }>('/users', { email: 'ada@example.com', password: 'secret' })
      const people = [me.id, other.id].sort()
      const receiver = await receiverInTests()
      const users = people.map((id) => ({ directus_users_id: id }))
      const id = await createTarget(api, receiver.url, rules, { users_notification: users, name: 'Front end' })
      const told = async (): Promise<Record<string, string[]>> => {
        const filter = { item: { _eq: id } }
        const bySubject: Record<string, string[]> = {}
        for (const { subject, recipient } of await api.get<Notification[]>('/notifications', { limit: -1, filter }))
          bySubject[subject] = [...(bySubject[subject] ?? []), recipient].sort()
        return bySubject
      }
      await receiver.close()
      receiver.clear()
      const posts: number[] = []
      for (let attempt = 1; attempt <= 10; attempt++) {
        posts.push(await create(`before attempt ${attempt}`))
        if (attempt > 1) await api.post(`/unstale/targets/${id}/retry`)
        await until(
          () => report(id),
          ({ health }) => (health.failures ?? 0) >= attempt,
        )
      }
      await api.items('posts').updateMany(posts.slice(0, 3), { title: 'edited while it was down' })
      const failing = { 'Front end does not take its cache flushes': people }
      expect(await until(told, (subjects) => Object.keys(subjects).length > 0)).toEqual(failing)

      await receiver.listen()
      await api.post(`/unstale/targets/${id}/retry`)
      const last = (key: number) => receiver.events<FlushEvent>().findLast(({ fields }) => fields.id === key)?.fields['title']
      await receiver.until(() =>
        posts.every((key, n) => last(key) === (n < 3 ? 'edited while it was down' : `before attempt ${n + 1}`)),
      )
      const all = { ...failing, 'Front end takes its cache flushes again': people }
      await until(told, (subjects) => Object.keys(subjects).length > 1)
      await create('afterwards')
      await receiver.untilEvent(({ fields }) => fields['title'] === 'afterwards')
      expect(await told()).toEqual(all)
      await targets().remove(id)
    })

    it('one that never answers holds up nobody else, and no save', async () => {
      const silent = await receiverInTests('never')
      const quick = await receiverInTests()
      // Ten of them: more than may fail at once.
      const held: string[] = []
      for (let n = 0; n < 10; n++) held.push(await createUnasked(api, silent))
      const id = await createTarget(api, quick.url, rules)
      await create('first')
      await silent.until((requests) => requests.length >= 10)
      const took: number[] = []
      for (let n = 0; n < 20; n++) {
        const title = `meanwhile ${n}`
        const startedAt = Date.now()
        await create(title)
        await quick.untilEvent(({ fields }) => fields['title'] === title)
        took.push(Date.now() - startedAt)
      }
      // An attempt at the others takes two seconds.
      expect(took.sort((a, b) => a - b)[10]).toBeLessThan(1000)
      for (const one of [...held, id]) await targets().remove(one)
    })

    describe('while a batch is on its way', () => {
      let receiver: Receiver
      let id: string

      const onItsWay = async () => {
        receiver = await receiverInTests()
        id = await createTarget(api, receiver.url, rules)
        receiver.clear()
        receiver.answer('never')
        const key = await create('on its way')
        await receiver.until((requests) => requests.length === 1)
        return key
      }

      it('its target gets another address: it arrives there', async () => {
        const key = await onItsWay()
        const other = await receiverInTests()
        await targets().update(id, { url: other.url, auth_header: 'api-key', api_key: 'another' })
        await other.untilEvent(({ fields }) => fields.id === key)
        expect(other.requests[0]?.headers).toMatchObject({ 'api-key': 'another' })
        expect(other.requests[0]?.headers.authorization).toBeUndefined()
        expect(receiver.requests).toHaveLength(1)
        await targets().remove(id)
      })

      it('its target is archived: nothing more is sent, and nothing is left when it is published again', async () => {
        await onItsWay()
        await targets().update(id, { status: 'archived' })
        const resting = ({ health, pending, inFlight }: Report) => health.state === 'archived' && pending + inFlight === 0
        await until(() => report(id), resting)
        await create('while it is archived')
        receiver.answer(200)
        await targets().update(id, { status: 'published' })
        await until(
          () => report(id),
          ({ health }) => health.state === 'fresh',
        )
        // Whoever is published again is asked for nothing that happened before.
        const isTold = () => receiver.events<FlushEvent>().some(({ fields }) => fields['title'] === 'published again')
        await until(async () => void (await create('published again')), isTold)
        const titles = receiver.events<FlushEvent>().map(({ fields }) => fields['title'])
        expect(new Set(titles)).toEqual(new Set(['on its way', 'published again']))
        expect(titles.filter((title) => title === 'on its way')).toHaveLength(1)
        await targets().remove(id)
      })

      it('its target is deleted: nothing more is sent, nothing is left, and the others go on', async () => {
        const other = await receiverInTests()
        const second = await createTarget(api, other.url, rules)
        await onItsWay()
        await targets().remove(id)
        const key = await create('afterwards')
        await other.untilEvent(({ fields }) => fields.id === key)
        await until(
          () => api.get<{ pending: number; targets: number }>('/unstale/health'),
          ({ pending, targets }) => pending === 0 && targets === 1,
        )
        expect(await api.raw(`/unstale/targets/${id}`)).toMatchObject({ status: 403 })
        expect(receiver.requests).toHaveLength(1)
        await targets().remove(second)
      })
    })
  })
}

/** `createTarget` waits until its receiver has answered, which this one never does. */
async function createUnasked(api: Api, { url }: Receiver): Promise<string> {
  const schema = rules.map((rule) => ({ events: ['create', 'update', 'delete'], ...rule }))
  const row = { status: 'published', url, auth_header: 'no-auth', schema }
  return (await api.items('cache_flush_targets').create<{ id: string }>(row)).id
}
