import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Store, sqliteStore } from '@unstale/core'
import { changesOf, targetOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, sampleOf } from './measure.ts'
import { throughUs } from './senders.ts'
import { startSink } from './sink-process.ts'

/** What it costs that an accepted change outlives the process. */
export const durable: Group = async ({ rounds, quick }) => {
  const changes = changesOf(quick ? 4000 : 40_000)
  const sink = await startSink()
  const load = { changes, targets: [targetOf('one', `${sink.origin}/one`)], perCall: 100 }
  try {
    const { sqlite, memory } = await interleave(
      {
        sqlite: () => onDisk((store) => throughUs(sink, { ...load, store })),
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

async function onDisk<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'unstale-bench-'))
  const store = await sqliteStore({ filename: join(folder, 'bench.sqlite') })
  try {
    return await work(store)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}
