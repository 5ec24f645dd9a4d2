import { createHash } from 'node:crypto'

/** The newest 12 and 11, and the oldest that the extension is made for. */
export type DirectusVersion = '12' | '11' | '11.13'

export interface Recipe {
  directus: string
  /** Compiled in a folder of its own, at the same time as everything else is fetched. */
  sqlite3: string
  overrides: Record<string, string>
}

/** Its own isolated-vm is compiled for minutes, and not at all on some versions of Node; this one comes compiled. */
const prebuilt = { 'isolated-vm': '6.1.2' }

export const recipes: Readonly<Record<DirectusVersion, Recipe>> = {
  // 12.4.1 asks for a @directus/app 18.0.1 that was not published everywhere.
  '12': { directus: '12.4.1', sqlite3: '6.0.1', overrides: { ...prebuilt, '@directus/app': '18.0.0' } },
  '11': { directus: '11.17.4', sqlite3: '5.1.7', overrides: prebuilt },
  '11.13': { directus: '11.13.0', sqlite3: '5.1.7', overrides: prebuilt },
}

/** Another recipe is another folder. */
export function keyOf(recipe: Recipe): string {
  const machine = [process.platform, process.arch]
  const hash = createHash('sha256').update(JSON.stringify([recipe, machine]))
  return `${recipe.directus}-${hash.digest('hex').slice(0, 8)}`
}
