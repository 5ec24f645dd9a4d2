import { changesOf, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, sampleOf } from './measure.ts'
import { throughUs } from './senders.ts'
import { startSink } from './sink-process.ts'
import { onSqlite } from './stores.ts'

/** What it costs that an accepted change outlives the process. */
export const durable: Group = async ({ rounds, quick }) => {
  const changes = changesOf(quick ? 4000 : 40_000)
  const sink = await startSink()
  const load = { changes, targets: [targetOf('one', `${sink.origin}/one`)], perCall: 100 }
  try {
    const { sqlite, memory } = await interleave(
      {
        sqlite: () => onSqlite((store) => throughUs(sink, { ...load, store })),
        memory: () => throughUs(sink, load),
      },
      { rounds },
    )
    return [
      {
        what: 'published and delivered on SQLite, durable, 100 changes a call',
        unit: 'changes/s',
        ours: sampleOf(sqlite),
        peer: { what: 'the memory store', ...sampleOf(memory) },
        ratio: ratioOf(sqlite, memory),
        mark: null,
      },
    ]
  } finally {
    sink.stop()
  }
}
