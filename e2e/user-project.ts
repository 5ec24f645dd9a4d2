import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { must } from './child.ts'
import { install } from './install.ts'
import { pack, root } from './pack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A user's project with both packages beside what people use them with; `receiver` is one with the receiver alone. */
    projects: { site: string; receiver: string }
  }
}

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(join(root, 'tools', 'node_modules', name, 'package.json'), 'utf8')).version

/** Makes both projects once for all tests, in a temporary folder, and removes them afterwards. */
export default async function setup(project: TestProject): Promise<() => void> {
  const startedAt = Date.now()
  console.log('Installing the packed packages in a new project …')
  const home = mkdtempSync(join(tmpdir(), 'unstale-e2e-'))
  const clean = () => rmSync(home, { recursive: true, force: true })
  try {
    const packed = join(home, 'packed')
    const [core, receiver] = await Promise.all([pack('core', packed), pack('receiver', packed)])
    const site = join(home, 'site')
    const alone = join(home, 'receiver')
    const versions = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, versionOf(name)]))
    await install('site', site, {
      name: 'site',
      private: true,
      type: 'module',
      dependencies: {
        '@unstale/core': `file:${core}`,
        '@unstale/receiver': `file:${receiver}`,
        ...versions(['better-sqlite3', 'express', 'knex']),
      },
      // Without the types of better-sqlite3, only a project with skipLibCheck compiles: core's types name them.
      devDependencies: versions(['@types/better-sqlite3', '@types/express', '@types/node']),
    })
    mkdirSync(alone)
    writeFileSync(join(alone, 'package.json'), JSON.stringify({ name: 'front-end', private: true, type: 'module' }))
    await must('npm', ['install', '--no-audit', '--no-fund', receiver], { cwd: alone })
    for (const folder of [site, alone]) cpSync(join(import.meta.dirname, 'user'), folder, { recursive: true })
    project.provide('projects', { site, receiver: alone })
    console.log(`  done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  } catch (error) {
    clean()
    throw error
  }
  return clean
}
