export interface Post {
  id: number
  title: string
  slug: string
  body: string
  status: 'draft' | 'published'
  /** Counts the edits. */
  revision: number
}

export function slugOf(title: string): string {
  const words = title
    .toLowerCase()
    .normalize('NFKD')
    .match(/[a-z0-9]+/g)
  return words?.join('-') ?? 'untitled'
}
