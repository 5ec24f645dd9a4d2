import { createHash } from 'node:crypto'
import { constants, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { must } from './child.ts'
import { pack, root } from './pack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A user's project with both packages beside what people use them with; `receiver` is one with the receiver alone. */
    projects: { site: string; receiver: string }
  }
}

const kept = join(root, '.unstale', 'e2e')

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const versionOf = (name: string): string => JSON.parse(read(`tools/node_modules/${name}/package.json`)).version

/** `npm install` in a new project; what it installed is kept for the next time, and only our own packages are installed anew. */
async function install(home: string, manifest: object): Promise<void> {
  mkdirSync(home, { recursive: true })
  const lockfile = createHash('sha256').update(`${read('pnpm-lock.yaml')} ${process.version} ${process.platform} ${process.arch}`)
  const cache = join(kept, 'installed')
  const key = lockfile.digest('hex')
  const parts = ['node_modules', 'package-lock.json']
  const hit = existsSync(join(cache, 'key')) && readFileSync(join(cache, 'key'), 'utf8') === key
  // Copied, not linked: whatever our packages import has to be found outside of the workspace.
  const copy = (from: string, to: string) => {
    for (const part of parts)
      cpSync(join(from, part), join(to, part), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  }
  if (hit) copy(cache, home)
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest, null, 2))
  await must('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: home, timeout: 300_000 })
  if (hit) return
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  copy(home, cache)
  rmSync(join(cache, 'node_modules', '@unstale'), { recursive: true })
  // Last: what was interrupted is not taken for whole.
  writeFileSync(join(cache, 'key'), key)
}

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
    await install(site, {
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
