/** What a front end was told while something went on, and nothing that came later: the proof of a silence. */
import { type Api, type FlushEvent, type Receiver, receiverInTests } from '../harness/index.ts'
import { createTarget, type Rule, type Stage } from '../stage.ts'

export type Told = Omit<FlushEvent, 'timestamp'>

export interface Witness {
  receiver: Receiver
  /** Id of its target. */
  target: string
  /** All that came because of `work`, in order. */
  hears(work: () => Promise<unknown>): Promise<Told[]>
  /** Removes its target. */
  end(): Promise<void>
}

const MARKER = 'marker '
let markers = 0

/** A target with these rules, which are whole: a rule for authors is added, since they are what marks an end. */
export async function createWitness({ api }: Pick<Stage, 'api'>, rules: readonly Rule[], more: object = {}): Promise<Witness> {
  const receiver = await receiverInTests()
  const target = await createTarget(api, receiver.url, [...rules, { collection: 'authors', payload: ['name'] }], more)
  return {
    receiver,
    target,
    async hears(work) {
      receiver.clear()
      await work()
      await mark(api, receiver)
      const isMarker = ({ fields }: FlushEvent) => String(fields['name']).startsWith(MARKER)
      return receiver
        .events<FlushEvent>()
        .filter((event) => !isMarker(event))
        .map(({ timestamp: _, ...event }) => event)
    },
    end: () => api.items('cache_flush_targets').remove(target),
  }
}

/** One through the inbox, then one from memory: whatever was on either way before has come, once they have. */
export async function mark(api: Api, receiver: Receiver): Promise<void> {
  for (const tracked of [true, false]) {
    const name = `${MARKER}${++markers}`
    await api.post('/services', { collection: 'authors', method: 'createOne', args: [{ name }], tracked })
    await receiver.untilEvent(({ fields }) => fields['name'] === name)
  }
}
