import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Copies extensions into the folder where Directus looks for them: of each its manifest and what was built, as a package
 * has them. Directus looks one level deep, so a scope is dropped.
 */
export async function placeExtensions(from: readonly string[], into: string): Promise<void> {
  await rm(into, { recursive: true, force: true })
  await mkdir(into, { recursive: true })
  for (const folder of from) {
    const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name: string }
    const home = join(into, name.replace(/^@[^/]*\//, ''))
    for (const part of ['package.json', 'dist']) await cp(join(folder, part), join(home, part), { recursive: true })
  }
}
