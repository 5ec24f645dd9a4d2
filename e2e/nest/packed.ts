import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { pack } from '../pack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder for projects, and what npm installs in them: `file:` of each of our packages. */
    nest: { home: string; ours: Readonly<Record<'@unstale/core' | '@unstale/receiver' | '@unstale/adapter-nest', string>> }
  }
}

/** Packs what a Nest or Express project takes, once for all tests. */
export default async function setup(project: TestProject): Promise<() => void> {
  const home = mkdtempSync(join(tmpdir(), 'unstale-nest-'))
  const packed = join(home, 'packed')
  const [core, receiver, nest] = await Promise.all(['core', 'receiver', 'adapter-nest'].map((name) => pack(name, packed)))
  project.provide('nest', {
    home,
    ours: { '@unstale/core': `file:${core}`, '@unstale/receiver': `file:${receiver}`, '@unstale/adapter-nest': `file:${nest}` },
  })
  return () => rmSync(home, { recursive: true, force: true })
}
