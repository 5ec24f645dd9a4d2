/** Two on one database, without Redis. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, type DirectusInTests, instancesInTests, type Receiver, receiverInTests } from '../harness/index.ts'
import { createBlog, createTarget, extension, services } from '../stage.ts'
import { until } from '../until.ts'
import { allIsKnown, startBurst } from './burst.ts'

const rules = [{ collection: 'posts', payload: ['title'] }]

export function twoShareTheWork(server: string): void {
  describe('two instances on one Postgres', () => {
    let first: DirectusInTests
    let second: DirectusInTests
    let receiver: Receiver

    beforeAll(async () => {
      const made = await instancesInTests(2, { server, extensions: [extension(), services] })
      first = made[0] as DirectusInTests
      second = made[1] as DirectusInTests
      receiver = await receiverInTests()
      await createBlog(first.api)
      // Without Redis the other one does not hear of new collections before it starts again.
      await second.restart()
    })

    it('follow an edit of a target within a second, whichever it was made on, and whoever looks at it', async () => {
      const id = await createTarget(first.api, receiver.url, rules)
      const took: number[] = []
      for (let round = 0; round < 6; round++) {
        const [one, other] = round % 2 === 0 ? [first, second] : [second, first]
        const moved = await receiverInTests()
        await one.api.items('cache_flush_targets').update(id, { url: moved.url })
        const startedAt = Date.now()
        // Its page in the Studio asks all the time.
        while (moved.requests.length === 0) await Promise.all([look(other.api, id), test(other.api, id)])
        took.push(Date.now() - startedAt)
      }
      console.log(`An edit was followed after ${took.join(', ')} ms`)
      expect(Math.max(...took)).toBeLessThan(2000)
      expect(took.sort((a, b) => a - b)[2]).toBeLessThan(1000)
      await first.api.items('cache_flush_targets').remove(id)
    })
    const look = (api: Api, id: string) => api.get(`/unstale/targets/${id}`)
    const test = (api: Api, id: string) => api.raw(`/unstale/targets/${id}/test`, { method: 'POST' })

    it('one is killed in the middle of a burst: the other has delivered all of it within 15 seconds', async () => {
      const id = await createTarget(first.api, receiver.url, rules)
      await until(
        () => test(second.api, id),
        ({ ok }) => ok,
      )
      receiver.clear()
      const burst = startBurst([first.api, second.api], 'burst')
      await burst.acknowledged(100)
      const killedAt = Date.now()
      await first.kill()
      await burst.end()
      await allIsKnown(second.api, receiver, burst.items, 15_000 - (Date.now() - killedAt))
      console.log(`All was known ${Date.now() - killedAt} ms after the kill`)
    })
  })
}
