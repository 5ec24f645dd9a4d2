import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { installDirectus } from '../../examples/directus/src/install.ts'
import { type DirectusVersion, recipes } from '../../examples/directus/src/recipes.ts'
import { must } from '../child.ts'
import { pack } from '../pack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The extension's folder, as somebody would copy it into `extensions`; and what npm would install. */
    extension: { folder: string; tarball: string; core: string }
  }
}

/** Packs the extension once for all tests, and unpacks it. What compiles would slow down every test beside it: that comes first. */
export default async function setup(project: TestProject): Promise<() => void> {
  for (const version of Object.keys(recipes) as DirectusVersion[]) await installDirectus(version)
  const home = mkdtempSync(join(tmpdir(), 'unstale-extension-'))
  const folder = join(home, 'directus-extension-unstale')
  mkdirSync(folder)
  const [tarball, core] = await Promise.all([pack('adapter-directus', home), pack('core', home)])
  await must('tar', ['xzf', tarball, '-C', folder, '--strip-components', '1'], { cwd: home })
  project.provide('extension', { folder, tarball, core })
  return () => rmSync(home, { recursive: true, force: true })
}
