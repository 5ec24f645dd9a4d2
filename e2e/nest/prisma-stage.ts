import type { Site } from './prisma-project.ts'
import type { OwnDatabase } from './process.ts'

/** What a test has: a database of its own, with the app's tables, and a site on it. */
export interface Stage {
  readonly site: Site
  readonly database: OwnDatabase
  /** One more, with other options or rules, for the test. */
  another(options: object, rules?: readonly object[]): Promise<Site>
}

export const slug = (slug: string, more: object = {}): { data: Record<string, unknown> } => ({ data: { slug, ...more } })

export const first: { where: { id: number } } = { where: { id: 1 } }
