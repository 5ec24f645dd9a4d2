import type { Delivery } from '../routes/answers.ts'
import { items, type Tone } from './health.ts'
import { thousands } from './times.ts'

export interface VerdictWord {
  word: string
  tone: Tone
  /** For the title attribute. */
  meaning: string
}

const VERDICTS: Record<Delivery['verdict'], VerdictWord> = {
  delivered: { word: 'Delivered', tone: 'success', meaning: 'The receiver accepted it.' },
  retry: { word: 'Failed', tone: 'warning', meaning: 'It is sent again.' },
  split: {
    word: 'Split',
    tone: 'warning',
    meaning: 'The receiver refused it as a whole: its items are sent again in smaller requests.',
  },
  dead: {
    word: 'Refused',
    tone: 'danger',
    meaning: 'The receiver refuses this item and takes others: it is not sent again by itself.',
  },
  return: {
    word: 'Put back',
    tone: 'neutral',
    meaning: 'The target was edited meanwhile: its items go out with the next request.',
  },
  aborted: { word: 'Interrupted', tone: 'neutral', meaning: 'Directus stopped meanwhile: it is sent again.' },
}

/** A verdict of a newer version of the endpoint is shown as it is. */
export function verdictWord(verdict: string): VerdictWord {
  return Object.hasOwn(VERDICTS, verdict)
    ? VERDICTS[verdict as Delivery['verdict']]
    : { word: verdict, tone: 'neutral', meaning: verdict }
}

/** The status of the answer, else why there was none. */
export function answerOf({ status, message }: Delivery): string {
  return status === undefined ? (message ?? '') : String(status)
}

type Item = Delivery['items'][number]

const EVENTS: Record<Item['event'], string> = { create: 'created', update: 'updated', delete: 'deleted' }

/** `posts 42 updated`, and together `posts 42, 43 updated`; the key `*` stands for every item of the collection. */
function words(items: readonly Item[], keyWord: (key: Item['key']) => string): string[] {
  const groups: Item[][] = []
  for (const item of items) {
    const last = groups.at(-1)
    const first = last?.[0]
    if (first !== undefined && first.collection === item.collection && first.event === item.event) last?.push(item)
    else groups.push([item])
  }
  return groups.map((group) => {
    const [{ collection = '', event = 'update' } = {}] = group
    const done = EVENTS[event] ?? event
    if (collection === '*') return `everything ${done}`
    if (group.some(({ key }) => key === '*')) return `all ${collection} ${done}`
    return `${collection} ${group.map(({ key }) => keyWord(key)).join(', ')} ${done}`
  })
}

export function itemWord(item: Item): string {
  return words([item], String).join()
}

const SHOWN = 3
const LONG_KEY = 12

/** `0c4b1a52…` for a uuid: the whole key is among the details. */
function shortKey(key: Item['key']): string {
  const text = String(key)
  return text.length > LONG_KEY ? `${text.slice(0, 8)}…` : text
}

/** The first items of a delivery in words, and how many more there are. */
export function firstItems({ items: list, count }: Delivery): string {
  const shown = list.slice(0, SHOWN)
  const rest = count - shown.length
  if (shown.length === 0) return items(count)
  const first = words(shown, shortKey).join('; ')
  return rest > 0 ? `${first} and ${thousands(rest)} more` : first
}

export interface Details {
  /** Every item that is known. */
  items: string[]
  /** Items of the batch that are not listed. */
  unlisted: number
  message?: string
  body?: string
}

/** What the expanded row shows, or undefined where the row says all. */
export function detailsOf(delivery: Delivery): Details | undefined {
  const { count, message, body, status } = delivery
  const all = delivery.items.map(itemWord)
  const cutOff = delivery.items.length > SHOWN || delivery.items.some(({ key }) => shortKey(key) !== String(key))
  const long = message !== undefined && (status !== undefined || message.length > 24)
  if (!cutOff && body === undefined && !long) return undefined
  return {
    items: all,
    unlisted: Math.max(0, count - all.length),
    ...(message === undefined ? {} : { message }),
    ...(body === undefined ? {} : { body }),
  }
}
