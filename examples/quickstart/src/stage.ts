import type { Incident, Outcome } from '@unstale/core'
import { type ContentApp, startContentApp } from './content-app.ts'
import { type FrontEndKey, frontEndKeys } from './flushes.ts'
import { createFrontEnd, type FrontEnd } from './front-end.ts'
import { freePort } from './ports.ts'
import type { Post } from './post.ts'
import type { Written } from './posts.ts'
import { createStaleness, type Staleness } from './staleness.ts'
import { createTimeline, type Timeline } from './timeline.ts'

export interface Stage {
  contentApp: ContentApp
  frontEnds: Record<FrontEndKey, FrontEnd>
  timeline: Timeline
  staleness: Staleness
  takeDown(key: FrontEndKey): Promise<void>
  /** It is reachable again and asks for what it missed. */
  bringUp(key: FrontEndKey): Promise<void>
  figures(): { median: number | null; edits: number; changes: number; requests: number }
  /** Pages that a visitor gets, but would not get without any cache. */
  oldPages(): Promise<string[]>
  stop(drain: number): Promise<void>
}

export interface StageOptions {
  /** 0: any free port; the front ends take the next two. */
  port: number
  database: string
  store: 'sqlite' | 'memory'
}

/** The content app and both front ends, and a timeline of all that happens between them. */
export async function createStage({ port, database, store }: StageOptions): Promise<Stage> {
  const timeline = createTimeline(400)
  const staleness = createStaleness()
  const slugs = new Set<string>()
  let changes = 0
  let requests = 0
  let asking: NodeJS.Timeout | undefined
  const joining: (() => void)[] = []

  const contentPort = await freePort(port)
  const ports = [contentPort]
  const frontEnds = {} as Record<FrontEndKey, FrontEnd>
  for (const [index, key] of frontEndKeys.entries()) {
    const own = await freePort(port === 0 ? 0 : contentPort + 1 + index, ports)
    ports.push(own)
    frontEnds[key] = createFrontEnd({
      name: key === 'everything' ? 'The editors’ preview' : 'The public site',
      port: own,
      contentApp: `http://127.0.0.1:${contentPort}`,
      shows: key,
      onRender: (path, renderedAt) => timeline.add({ kind: 'rendered', frontEnd: key, page: { path, renderedAt } }),
      onDrop(paths, at) {
        const staleFor = staleness.dropped(at, key, paths)
        timeline.add({ kind: 'dropped', frontEnd: key, paths: [...paths], staleFor }, at)
        tellFigures()
      },
    })
    await frontEnds[key].up()
  }

  const contentApp = await startContentApp({
    port: contentPort,
    database,
    store,
    frontEnds: { everything: frontEnds.everything.flushUrl, published: frontEnds.published.flushUrl },
    committed,
    notifier: { notify: (event) => (event.type === 'outcome' ? tellOutcome(event.outcome) : tellIncident(event.incident)) },
  })
  const { pipeline, store: flushStore, transactional } = contentApp.flushes
  pipeline.on('accepted', ({ targets }) => {
    const tell = () => {
      for (const { key, entries } of targets) timeline.add({ kind: 'accepted', frontEnd: key as FrontEndKey, changes: entries })
      clearTimeout(asking)
      asking = setTimeout(() => void tellWaiting(), 100)
    }
    // What is published in a transaction is told before the commit, and joins after it.
    if (transactional) joining.push(tell)
    else tell()
  })
  for (const { slug } of await contentApp.posts.list()) slugs.add(slug)

  function committed(written: readonly Written[], at: number): void {
    changes += written.length
    for (const state of statesOf(written)) slugs.add(state.slug)
    const stale = frontEndKeys.map((frontEnd) => ({ frontEnd, paths: cachedOf(frontEnd, written) }))
    for (const one of written)
      staleness.edited(
        at,
        frontEndKeys.map((frontEnd) => ({ frontEnd, paths: cachedOf(frontEnd, [one]) })),
      )
    timeline.add({ kind: 'write', what: describe(written), changes: written.length, stale }, at)
    for (const tell of joining.splice(0)) tell()
  }

  /** What a front end has cached that these writes made old. */
  function cachedOf(key: FrontEndKey, written: readonly Written[]): string[] {
    const shown = written.filter((one) => statesOf([one]).some(({ status }) => key === 'everything' || status === 'published'))
    const old = new Set(statesOf(shown).flatMap(({ slug }) => ['/', `/blog/${slug}`]))
    return frontEnds[key].pages().flatMap(({ path }) => (old.has(path) ? [path] : []))
  }

  function tellOutcome({ target, batch, result, verdict }: Outcome): void {
    if (result.kind === 'response') requests++
    timeline.add({
      kind: 'attempt',
      frontEnd: target.key as FrontEndKey,
      batch: batch.seq,
      batchId: batch.id,
      attempt: batch.attempt,
      changes: batch.items.length,
      answer: result.kind === 'response' ? `${result.status} in ${Math.round(result.tookMs)} ms` : result.message,
      verdict: verdict.kind,
      ...(verdict.kind === 'retry' && { retryAt: verdict.at }),
    })
    tellFigures()
    void tellWaiting()
  }

  function tellIncident(incident: Incident): void {
    const what = 'reason' in incident ? `${incident.kind}: ${incident.reason}` : incident.kind
    timeline.add({ kind: 'incident', frontEnd: incident.target.key as FrontEndKey, what })
  }

  async function tellWaiting(): Promise<void> {
    for (const { target, pending, inFlight } of await flushStore.stats(frontEndKeys)) {
      timeline.add({ kind: 'waiting', frontEnd: target as FrontEndKey, pending, inFlight })
    }
  }

  function tellFigures(): void {
    timeline.add({ kind: 'figures', ...staleness.figures(), changes, requests })
  }

  return {
    contentApp,
    frontEnds,
    timeline,
    staleness,
    async takeDown(key) {
      await frontEnds[key].down()
      timeline.add({ kind: 'down', frontEnd: key })
    },
    async bringUp(key) {
      await frontEnds[key].up()
      timeline.add({ kind: 'up', frontEnd: key })
      // Without this it hears of everything all the same, when the next attempt is due.
      await pipeline.wake(key)
    },
    figures: () => ({ ...staleness.figures(), changes, requests }),
    async oldPages() {
      const paths = ['/', ...[...slugs].map((slug) => `/blog/${slug}`)]
      const checks = frontEndKeys.flatMap((key) =>
        paths.map(async (path) => {
          const [got, now] = await Promise.all([frontEnds[key].visit(path), frontEnds[key].render(path)])
          return got === now ? [] : [`${key} ${path}`]
        }),
      )
      return (await Promise.all(checks)).flat()
    },
    async stop(drain) {
      clearTimeout(asking)
      await contentApp.stop(drain)
      await Promise.all(frontEndKeys.map((key) => frontEnds[key].down()))
    },
  }
}

function statesOf(written: readonly Written[]): Post[] {
  return written.flatMap(({ post, before }) => (before ? [before, post] : [post]))
}

function describe(written: readonly Written[]): string {
  const [one, ...more] = written
  if (one === undefined) return 'Nothing'
  if (more.length > 0) return `Edited ${written.length} posts at once`
  const { event, post, before } = one
  if (event === 'create') return `Created “${post.title}”`
  if (event === 'delete') return `Deleted “${post.title}”`
  if (before?.status !== post.status) return `${post.status === 'published' ? 'Published' : 'Unpublished'} “${post.title}”`
  if (before.slug !== post.slug) return `Renamed ${before.slug} to ${post.slug}`
  return `Edited “${post.title}”`
}
