import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import type { Server } from '../../../../tools/services/index.ts'
import type { Backend } from './backend.ts'
import { isStoreFailure, type Publisher, startPublisher } from './publisher.ts'
import { type Stage, setStage } from './stage.ts'

/**
 * A pipeline, started once, through every fault: nothing that `publish` promised is lost, `publish` rejects while the
 * store is away, and work goes on by itself when it is back. What has to happen during a fault is waited for while the
 * fault lasts, so that what hangs with it fails its test.
 */
export function faultCases(name: string, server: Server, backend: Backend): void {
  describe(`faults between us and ${name}`, () => {
    let stage: Stage
    let publisher: Publisher

    beforeAll(() => backend.prepare())
    afterAll(() => backend.close())
    beforeEach(async () => {
      stage = await setStage(backend, server.port)
      onTestFailed(() => {
        const { resolved, rejections } = publisher
        const told = stage.errors.map(({ scope, error }) => `${scope}: ${error}`)
        console.error(`${resolved.size} publishes resolved, the last rejection: ${rejections.at(-1)}\n${told.join('\n')}`)
      })
      publisher = startPublisher([stage.publish, stage.publish, stage.publish])
      await publisher.resolves(3)
    })
    afterEach(async () => {
      await stage.close()
      await publisher.stop()
    })

    /** After a fault: publishes resolve again, and what resolved before, during and after it arrives. */
    async function recovers(): Promise<void> {
      await publisher.resolves(10)
      await publisher.stop()
      expect(publisher.rejections.filter((error) => !isStoreFailure(error))).toEqual([])
      await stage.has(publisher.resolved)
    }

    it('cut: publishes reject as long as it lasts, and the worker tries more and more rarely', async () => {
      stage.line.cut()
      await publisher.settles()
      await Promise.all([publisher.rejects(9), stage.tells(2)])
      expect(stage.errors.length).toBeLessThan(20)
      stage.line.heal()
      await recovers()
    })

    it('half-open, the old connections: what is under way rejects, and new connections are used', async () => {
      stage.line.swallow('existing')
      await stage.line.swallowed()
      await publisher.settles()
      await recovers()
    })

    it('half-open, all connections: publishes reject as long as it lasts', async () => {
      stage.line.swallow('all')
      await stage.line.swallowed()
      await publisher.settles()
      // The client has tried again, and fallen into the same hole.
      await stage.line.swallowed('new')
      await publisher.rejects(3)
      stage.line.heal()
      await recovers()
    })

    for (const said of backend.words) {
      it(`half-open in the midst of a step (${said.source}): what the server holds for us is let go`, async () => {
        await stage.line.swallowAt(said)
        await recovers()
      })
    }

    it('half-open, and stop() ends all the same', async () => {
      stage.line.swallow('all')
      await stage.line.swallowed()
      await publisher.stop()
      await stage.pipeline.stop({ drain: 0 })
    })

    it('what waits for a store that does not answer is bounded: the rest is rejected at once', async () => {
      stage.line.swallow('all')
      const ended: number[] = []
      // Far more entries than may wait.
      const calls = Array.from({ length: 16 }, async (_, call) => {
        const ids = Array.from({ length: 3000 }, (_, index) => `large-${call}-${index}`)
        await expect(stage.publish(...ids)).rejects.toSatisfy(isStoreFailure)
        ended.push(call)
      })
      await Promise.all(calls)
      // What came first waited longest.
      expect(ended[0]).toBeGreaterThan(ended.at(-1) ?? 0)
      stage.line.heal()
      await recovers()
    })

    it('delay: slow is not broken', async () => {
      stage.line.delay(20)
      await publisher.resolves(5)
      const before = [...publisher.resolved]
      await stage.has(before)
      stage.line.heal()
      await recovers()
    })

    it('no new connections: those that exist go on', async () => {
      stage.line.refuse()
      await publisher.resolves(10)
      await stage.has([...publisher.resolved])
      stage.line.heal()
      await recovers()
    })

    it('a server that is restarted', async () => {
      await server.restart()
      await recovers()
    })

    it('a server that is killed', async () => {
      await server.kill()
      await publisher.rejects(5)
      await server.restart()
      await recovers()
    })

    it('connections that the server ends, again and again', async () => {
      for (let killed = 0; killed < 20; ) {
        killed += await backend.killConnections()
        await publisher.resolves()
      }
      await recovers()
    })

    const { words, holds, killTransactions } = backend
    const title = 'a machine that vanishes in the midst of a step: the others go on'
    if (holds !== undefined) it.skip(`${title} (${holds})`)
    else {
      it(title, async () => {
        const other = await stage.another()
        const gone = other.line.swallowAt(words.at(-1) as RegExp)
        void other.publish('from the other').catch(() => {})
        await gone
        other.line.swallow('all')
        await recovers()
        await other.close()
      })
    }

    if (killTransactions === undefined) return

    /** An application's own pool has to find out first that its connections are gone. */
    const committed = (id: string): Promise<boolean> =>
      stage.publishInTransaction(id).then(
        () => true,
        () => false,
      )

    it('connections that the server ends in the midst of a transaction', async () => {
      for (let killed = 0; killed < 5; ) killed += await killTransactions()
      await recovers()
    })

    it("an application's transaction that is cut off vanishes with its notices, one that commits does not", async () => {
      await stage.publishInTransaction('committed')
      await expect(stage.publishInTransaction('cut off', backend.killConnections)).rejects.toThrow()
      // The inbox is in order: whatever was before it has been folded when it arrives.
      while (!(await committed('later')));
      await stage.has(['committed', 'later'])
      expect(stage.arrived('cut off')).toBe(false)
      await recovers()
    })
  })
}
