/** Other extensions that do the same: front ends would hear everything twice. */
import type { HostContext } from './host.ts'

/** A line for each that is switched on. */
export async function othersBeside({ database }: Pick<HostContext, 'database'>): Promise<string[]> {
  if (!(await database.schema.hasTable('directus_extensions'))) return []
  const rows = (await database('directus_extensions').where({ enabled: true }).select('folder')) as { folder: string }[]
  const others = new Set(rows.map(({ folder }) => folder).filter((folder) => /cache[-_ ]?flush/i.test(folder)))
  return [...others].map(
    (folder) => `the extension ${folder} is installed, too: front ends that both call hear everything twice; remove it`,
  )
}
