import { createHash } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './child.ts'

export const root: string = join(import.meta.dirname, '..')

/**
 * Packs a package as it would be published: with pnpm, which writes versions where the manifest says `catalog:`. The name
 * changes whenever the content does; npm would take the content of the last time for a name that is in its lockfile.
 */
export async function pack(name: string, folder: string): Promise<string> {
  const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager
  const said = await must('npx', ['-y', pnpm, 'pack', '--json', '--pack-destination', folder], {
    cwd: join(root, 'packages', name),
    timeout: 120_000,
  })
  const { filename } = JSON.parse(said.slice(said.indexOf('{'))) as { filename: string }
  const hash = createHash('sha256').update(readFileSync(filename)).digest('hex').slice(0, 12)
  const tarball = join(folder, `${name}-${hash}.tgz`)
  renameSync(filename, tarball)
  return tarball
}
