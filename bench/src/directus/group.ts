/** What a save in Directus costs its author while front ends are told of it. */
import { setTimeout } from 'node:timers/promises'
import { createDatabase } from '../../../e2e/directus/harness/databases.ts'
import type { Group } from '../group.ts'
import { monotonic, quantile, ratioOf, sampleOf } from '../measure.ts'
import type { Row } from '../row.ts'
import { withServers } from '../servers.ts'
import { HOSTS, type Host, type HostName, withHosts } from './hosts.ts'
import { save } from './load.ts'
import { type Receivers, startReceivers } from './receivers.ts'

type Hosts = Record<HostName, Host>

const TARGETS: Readonly<Record<string, (receivers: Receivers) => string[]>> = {
  'one fast target': ({ fast }) => [fast],
  'ten fast targets': ({ fast }) => Array.from({ length: 10 }, (_, n) => `${fast}/${n}`),
  'a target that takes 500 ms': ({ slow }) => [slow],
  'a dead target': ({ dead }) => [dead],
}
const MARKS = { 0.5: { atMost: 1.2 }, 0.99: { atMost: 1.35 } } as const

export const directus: Group = async ({ rounds, quick }) => {
  const receivers = await startReceivers()
  const effort = { rounds: quick ? 1 : Math.max(3, Math.min(rounds, 5)), count: quick ? 40 : 300 }
  try {
    const onSqlite = await withHosts(
      async () => undefined,
      async (hosts) => [...(await latencies('SQLite', hosts, receivers, effort)), ...(await counts(hosts, receivers, quick))],
    )
    const onPostgres = await withServers(['postgres'], async ({ postgres }) => {
      if (postgres === undefined) return []
      const databaseFor = async () => (await createDatabase(postgres)).database
      return withHosts(databaseFor, (hosts) => latencies('Postgres', hosts, receivers, effort))
    })
    return [...onSqlite, ...onPostgres]
  } finally {
    receivers.close()
  }
}

async function latencies(
  database: string,
  hosts: Hosts,
  receivers: Receivers,
  effort: { rounds: number; count: number },
): Promise<Row[]> {
  const rows: Row[] = []
  for (const host of Object.values(hosts)) await save(host.api, { count: 200, concurrency: 10 })
  for (const [targets, urlsOf] of Object.entries(TARGETS)) {
    for (const name of ['ours', 'standIn'] as const) await hosts[name].setTargets(urlsOf(receivers))
    for (const concurrency of [1, 10]) {
      process.stderr.write(`  ${database}: ${targets}, ${concurrency} at once\n`)
      const took: Record<HostName, number[][]> = { none: [], ours: [], standIn: [] }
      for (let round = 0; round < effort.rounds; round++) {
        for (let turn = 0; turn < HOSTS.length; turn++) {
          const name = HOSTS[(turn + round) % HOSTS.length] as HostName
          took[name].push(await save(hosts[name].api, { count: effort.count, concurrency }))
          // What is still on its way must not meet the next one.
          await receivers.quiet(200)
        }
      }
      rows.push(...rowsOf(`a save on ${database}, ${targets}, ${concurrency} at once`, took))
    }
  }
  return rows
}

function rowsOf(what: string, took: Record<HostName, number[][]>): Row[] {
  const at = (name: HostName, share: number) => took[name].map((round) => quantile(round, share))
  const row = (who: 'ours' | 'standIn', share: 0.5 | 0.99, mark: Row['mark']): Row => ({
    what: `${who === 'ours' ? what : `the same with a plain hook`}: ${share === 0.5 ? 'median' : 'p99'}`,
    unit: 'ms',
    ours: sampleOf(at(who, share)),
    peer: { ...sampleOf(at('none', share)), what: 'no extension' },
    ratio: ratioOf(at(who, share), at('none', share)),
    mark,
  })
  return [row('ours', 0.5, MARKS[0.5]), row('ours', 0.99, MARKS[0.99]), row('standIn', 0.5, null)]
}

/** How many requests an edit makes, and how soon. */
async function counts(hosts: Hosts, receivers: Receivers, quick: boolean): Promise<Row[]> {
  for (const name of ['ours', 'standIn'] as const) await hosts[name].setTargets([receivers.fast])
  const many = quick ? 100 : 1000
  const works: Record<string, (host: Host) => Promise<unknown>> = {
    'one item': ({ api }) => api.items('posts').create({ title: 'one' }),
    '100 items in one array': ({ api }) =>
      api.items('posts').createMany(Array.from({ length: 100 }, (_, n) => ({ title: `${n}` }))),
    [`${many.toLocaleString('en-US')} items one by one in five seconds`]: async ({ api }) => {
      const saves: Promise<unknown>[] = []
      for (let n = 0; n < many; n++) {
        saves.push(api.items('posts').create({ title: `${n}` }))
        if (n % 10 === 9) await setTimeout(50)
      }
      await Promise.all(saves)
    },
  }
  const rows: Row[] = []
  for (const [what, work] of Object.entries(works)) {
    const [ours, theirs] = [await requestsOf(hosts.ours, receivers, work), await requestsOf(hosts.standIn, receivers, work)]
    const peer = { ...sampleOf([theirs]), what: 'a plain hook' }
    rows.push({
      what: `requests made for ${what}`,
      unit: 'requests',
      ours: sampleOf([ours]),
      peer,
      ratio: ratioOf([ours], [theirs]),
      mark: null,
    })
  }
  const late = sampleOf(await lateness(hosts.ours, receivers, quick ? 5 : 50))
  rows.push({
    what: 'from the answer of a save to its request, window 50 ms',
    unit: 'ms',
    ours: late,
    peer: null,
    ratio: late,
    mark: { atMost: 100 },
  })
  return rows
}

async function requestsOf(host: Host, receivers: Receivers, work: (host: Host) => Promise<unknown>): Promise<number> {
  receivers.clear()
  await work(host)
  await receivers.quiet(1000)
  return receivers.requests
}

async function lateness({ api }: Host, receivers: Receivers, times: number): Promise<number[]> {
  const late: number[] = []
  for (let n = 0; n < times; n++) {
    await receivers.quiet(300)
    receivers.clear()
    await api.items('posts').create({ title: `late ${n}` })
    const savedAt = monotonic()
    while (receivers.requests === 0) await setTimeout(1)
    late.push(receivers.lastAt - savedAt)
  }
  return late
}
