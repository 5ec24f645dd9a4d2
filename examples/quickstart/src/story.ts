import { styleText } from 'node:util'
import { type FrontEndKey, frontEndKeys } from './flushes.ts'
import type { Post } from './post.ts'
import type { Stage } from './stage.ts'
import type { Told } from './timeline.ts'

/** Plays the story, prints what happens, ends with one line of figures; answers how many pages ended up old. */
export async function tellStory(stage: Stage, print: (line: string) => void = console.log): Promise<number> {
  const { timeline, frontEnds, contentApp } = stage
  const startedAt = Date.now()
  const off = timeline.on((told) => {
    const line = lineOf(told, startedAt)
    if (line !== null) print(line)
  })
  const chapter = (title: string) => timeline.add({ kind: 'chapter', title })

  const api = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object = {}): Promise<unknown> => {
    const response = await fetch(`${contentApp.url}/api/posts${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}.`)
    return response.status === 204 ? null : response.json()
  }
  /** Visitors come to every page there is, so that every page is cached; then comes the edit, and all that was old is dropped. */
  const edit = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown> => {
    await visitAll(stage)
    const result = await api(method, path, body)
    await settled(stage)
    return result
  }

  chapter('One edit: each front end that asked for it gets one signed request')
  await edit('PATCH', '/1', { title: 'Harbour at first light' })
  await edit('PATCH', '/2', { title: 'Harbour in the drizzle' })
  await edit('PATCH', '/3', { title: 'Harbour after closing time' })

  chapter('A rename flushes the old address and the new one')
  await Promise.all(frontEndKeys.map((key) => frontEnds[key].visit('/blog/harbour-by-night')))
  await edit('PATCH', '/4', { slug: 'harbour-by-night' })

  chapter('An unpublish is announced, although the filter says published')
  await edit('PATCH', '/5', { status: 'draft' })
  await edit('PATCH', '/5', { title: 'Orchard at dawn, unseen' })
  await edit('PATCH', '/5', { status: 'published' })

  chapter('Create, publish, delete')
  const post = (await edit('POST', '', { title: 'A short stay', body: 'Here for a moment.' })) as Post
  await edit('PATCH', `/${post.id}`, { status: 'published' })
  await edit('DELETE', `/${post.id}`)

  chapter('Fifty edits at once arrive as one request')
  await edit('POST', '/edit-many', { count: 50 })

  chapter('A front end that was down gets its first batch again, then everything else in one')
  await visitAll(stage)
  await stage.takeDown('published')
  const refused = timeline.next((told) => told.kind === 'attempt' && told.verdict === 'retry' && told.attempt === 2)
  await api('PATCH', '/6', { title: 'Orchard, and nobody hears of it yet' })
  await refused
  await api('POST', '/edit-many', { count: 20 })
  await api('PATCH', '/7', { slug: 'orchard-when-the-shops-are-shut' })
  await api('PATCH', '/8', { status: 'draft' })
  await settled(stage, ['everything'])
  await stage.bringUp('published')
  await settled(stage)

  off()
  const old = await stage.oldPages()
  for (const page of old) print(`still old: ${page}`)
  const { median, edits, changes, requests } = stage.figures()
  print('')
  print(`stale for ${median} ms (median of ${edits} edits); ${changes} changes in ${requests} requests; ${old.length} lost`)
  return old.length
}

/** Every page that either front end may hold, asked for once. */
export async function visitAll({ contentApp, frontEnds }: Stage): Promise<void> {
  const posts = await contentApp.posts.list()
  const paths = ['/', ...posts.map(({ slug }) => `/blog/${slug}`)]
  await Promise.all(frontEndKeys.flatMap((key) => (frontEnds[key].isUp() ? paths.map((path) => frontEnds[key].visit(path)) : [])))
}

/** Nothing old is cached in those front ends any more, and nothing is on its way to them. */
async function settled({ timeline, staleness, contentApp }: Stage, keys: readonly FrontEndKey[] = frontEndKeys): Promise<void> {
  for (;;) {
    const happens = timeline.next((told) => told.kind === 'attempt' || told.kind === 'dropped')
    const stats = await contentApp.flushes.store.stats(keys)
    const waits = stats.some(({ pending, inFlight }) => pending + inFlight > 0)
    if (!waits && keys.every((key) => Object.keys(staleness.since(key)).length === 0)) return
    await happens
  }
}

/** One line of the terminal's timeline; null for what only the page shows. */
function lineOf(told: Told, startedAt: number): string | null {
  const time = `${((told.at - startedAt) / 1000).toFixed(3).padStart(7)} s  `
  const who = (frontEnd: FrontEndKey) => frontEnd.padEnd(13)
  switch (told.kind) {
    case 'chapter':
      return `\n${styleText('bold', told.title)}`
    case 'write': {
      const together = told.changes > 1 ? ` (${told.changes} changes, one transaction)` : ''
      return `${time}${'content app'.padEnd(13)}${told.what}${together}`
    }
    case 'attempt': {
      const verdict = styleText(told.verdict === 'delivered' ? 'green' : 'yellow', told.verdict)
      const what = `batch ${told.batch}, ${count(told.changes, 'change')}, attempt ${told.attempt}`
      return `${time}${who(told.frontEnd)}${what}: ${verdict} (${told.answer})`
    }
    case 'dropped': {
      const { paths, staleFor } = told
      const which = paths.length > 4 ? count(paths.length, 'page') : paths.join(', ') || 'nothing'
      return `${time}${who(told.frontEnd)}dropped ${which}${staleFor === null ? '' : `, stale for ${staleFor} ms`}`
    }
    case 'up':
    case 'down':
      return `${time}${who(told.frontEnd)}is ${told.kind}${told.kind === 'up' ? ' again' : ''}`
    case 'incident':
      return `${time}${who(told.frontEnd)}${told.what}`
    default:
      return null
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
