import { type Post, slugOf } from './post.ts'

const places = [
  'Harbour',
  'Orchard',
  'Mill',
  'Lighthouse',
  'Market',
  'Station',
  'Quarry',
  'Meadow',
  'Bridge',
  'Workshop',
  'Reading room',
  'Tide pool',
  'Bakery',
]
const times = ['at dawn', 'in the rain', 'after hours', 'in winter']

/** Fifty-two posts: the first fifty published, the last two drafts. */
export function seedPosts(): Omit<Post, 'id'>[] {
  return places.flatMap((place, row) =>
    times.map((time, column) => {
      const title = `${place} ${time}`
      return {
        title,
        slug: slugOf(title),
        body: `Notes from the ${place.toLowerCase()}, taken ${time}. Short ones, because the light never stays.`,
        status: row * times.length + column < 50 ? 'published' : 'draft',
        revision: 1,
      } as const
    }),
  )
}
