import { createHash } from 'node:crypto'
import { constants, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './child.ts'
import { root } from './pack.ts'

const kept = join(root, '.unstale', 'e2e')
const parts = ['node_modules', 'package-lock.json']

/** Copied, not linked: whatever our packages import has to be found outside of the workspace. */
function copy(from: string, to: string): void {
  for (const part of parts)
    cpSync(join(from, part), join(to, part), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
}

/**
 * `npm install` in a new project in `home`. What it installed is kept under `name` for the next time, and only our own
 * packages are installed anew.
 */
export async function install(name: string, home: string, manifest: object): Promise<void> {
  mkdirSync(home, { recursive: true })
  const key = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    // Where our own packages are packed differs from run to run.
    .update(JSON.stringify(manifest).replaceAll(/file:[^"]*/g, ''))
    .update(`${process.version} ${process.platform} ${process.arch}`)
    .digest('hex')
  const cache = join(kept, name)
  const hit = existsSync(join(cache, 'key')) && readFileSync(join(cache, 'key'), 'utf8') === key
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
