import { changesOf, targetOf, wireOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, sampleOf } from './measure.ts'
import { expectOf, postBare, postEach, throughUs } from './senders.ts'
import { startSink } from './sink-process.ts'

const TARGETS = 20

/** Over loopback HTTP, signed, into another process that verifies, parses and counts. */
export const deliver: Group = async ({ rounds, quick }) => {
  const scale = quick ? 0.1 : 1
  const oneByOne = changesOf(4000 * scale).map(wireOf)
  const many = changesOf(80_000 * scale)
  const manyEvents = changesOf(200_000 * scale).map(wireOf)
  const spread = changesOf(200_000 * scale, (key) => `posts-${key % TARGETS}`)
  const toAll = changesOf(10_000 * scale)
  const sink = await startSink()
  const { origin } = sink
  const each = Array.from({ length: TARGETS }, (_, index) => targetOf(`t${index}`, `${origin}/t${index}`, `posts-${index}`))
  const all = Array.from({ length: TARGETS }, (_, index) => targetOf(`t${index}`, `${origin}/t${index}`))

  try {
    const one = await interleave(
      {
        ours: () => throughUs(sink, { changes: many, targets: [targetOf('one', `${origin}/one`)] }),
        ofetch: () => sink.rateOf(expectOf(oneByOne.length), () => postEach(origin, oneByOne)),
      },
      { rounds },
    )
    const twenty = await interleave(
      {
        spread: () => throughUs(sink, { changes: spread, targets: each, perCall: 100 }),
        toAll: () => throughUs(sink, { changes: toAll, targets: all, perCall: 100, copies: TARGETS }),
        bare: () => sink.rateOf(expectOf(manyEvents.length), () => postBare(origin, manyEvents)),
      },
      { rounds },
    )
    const bare = { what: 'the bare limit: stringify, HMAC, undici, 100 a POST', ...sampleOf(twenty.bare) }
    const unit = 'changes/s'
    return [
      {
        what: 'delivered, one target, each change published alone',
        unit,
        ours: sampleOf(one.ours),
        peer: { what: 'ofetch, one change a request, ten at a time', ...sampleOf(one.ofetch) },
        ratio: ratioOf(one.ours, one.ofetch),
        mark: { atLeast: 30 },
      },
      {
        what: 'delivered, 20 targets, each change for one of them',
        unit,
        ours: sampleOf(twenty.spread),
        peer: bare,
        ratio: ratioOf(twenty.spread, twenty.bare),
        mark: { atLeast: 0.35 },
      },
      {
        what: 'delivered, 20 targets, each change for all of them',
        unit,
        ours: sampleOf(twenty.toAll),
        peer: bare,
        ratio: ratioOf(twenty.toAll, twenty.bare),
        mark: { atLeast: 0.35 },
      },
    ]
  } finally {
    sink.stop()
  }
}
