import { describe, expectTypeOf, it } from 'vitest'
import {
  type ChangeInput,
  createPipeline,
  type Incident,
  type Notifier,
  type Outcome,
  type Pipeline,
  type SqlTransaction,
  type Store,
  type TargetInput,
  type Transport,
} from '../src/index.ts'

describe('the public API, as a user writes it', () => {
  it('a target needs an url, everything else has a default', () => {
    createPipeline({ targets: [{ url: 'https://site.test/flush' }] })
    createPipeline({ targets: [{ url: 'https://site.test', rules: [{ collection: 'posts' }], window: { quiet: 10 } }] })
    // @ts-expect-error an url is required
    createPipeline({ targets: [{ key: 'site' }] })
    // @ts-expect-error targets are required
    createPipeline({})
    // @ts-expect-error no such event
    const rule: TargetInput = { url: 'https://site.test', rules: [{ collection: 'posts', events: ['changed'] }] }
    void rule
  })

  it('a change needs collection, event and key', () => {
    expectTypeOf<{ collection: string; event: 'update'; key: number }>().toExtend<ChangeInput>()
    expectTypeOf<{ collection: string; event: 'update' }>().not.toExtend<ChangeInput>()
    expectTypeOf<{ collection: string; event: 'moved'; key: number }>().not.toExtend<ChangeInput>()
  })

  it('listeners are typed by their event', () => {
    const pipeline = {} as Pipeline
    void (() => {
      pipeline.on('delivered', (outcome) => expectTypeOf(outcome).toEqualTypeOf<Outcome>())
      pipeline.on('failing', (incident) => expectTypeOf(incident).toExtend<Incident>())
      // @ts-expect-error no such event
      pipeline.on('sent', () => {})
    })
  })

  it('drivers are plain objects', () => {
    expectTypeOf<{ send: Transport['send'] }>().toExtend<Transport>()
    expectTypeOf<{ notify(): void }>().toExtend<Notifier>()
    expectTypeOf<Store['inbox']>().extract<undefined>().toEqualTypeOf<undefined>()
  })

  it('a Knex transaction is a transaction', () => {
    expectTypeOf<import('knex').Knex.Transaction>().toExtend<SqlTransaction>()
  })
})
