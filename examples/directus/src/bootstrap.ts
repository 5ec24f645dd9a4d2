import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { admin, type Database, environmentOf, hashOf } from './environment.ts'
import type { Installation } from './install.ts'
import { withLock } from './lock.ts'

/**
 * Makes Directus's own tables and the administrator in a database that has none yet. An SQLite file is a copy of one that
 * was made once and is kept; on a server it takes some seconds, and `folder` remembers that it was done.
 */
export async function bootstrap(installation: Installation, folder: string, database: Database): Promise<void> {
  if (database.client === 'sqlite3') {
    if (!existsSync(database.filename)) await copyFile(await prepareDatabase(installation), database.filename)
    return
  }
  const done = join(folder, `bootstrapped-${hashOf(database)}`)
  if (existsSync(done)) return
  await run(installation, folder, database)
  await writeFile(done, '')
}

/** The path of an SQLite file that Directus has bootstrapped: made once per installation. Copy it, and leave it as it is. */
export async function prepareDatabase(installation: Installation): Promise<string> {
  const filename = `${installation.home}-bootstrapped-${hashOf(admin)}.db`
  const make = async () => {
    if (existsSync(filename)) return
    const folder = `${filename}.unfinished`
    await rm(folder, { recursive: true, force: true })
    const made = join(folder, 'data.db')
    await prepareFolder(folder)
    await run(installation, folder, { client: 'sqlite3', filename: made })
    await rename(made, filename)
    await rm(folder, { recursive: true })
  }
  if (!existsSync(filename)) await withLock(`${filename}.lock`, make, () => {})
  return filename
}

/** What Directus wants to find where it runs. */
export async function prepareFolder(folder: string): Promise<void> {
  for (const name of ['extensions', 'uploads']) await mkdir(join(folder, name), { recursive: true })
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest)) await writeFile(manifest, JSON.stringify({ name: 'a-directus', private: true }))
}

async function run(installation: Installation, folder: string, database: Database): Promise<void> {
  if (database.client === 'sqlite3') await mkdir(dirname(database.filename), { recursive: true })
  // Without extensions: they find a whole database when the server starts.
  const env = { ...environmentOf(installation, folder, database), EXTENSIONS_PATH: join(folder, 'no-extensions') }
  await mkdir(env.EXTENSIONS_PATH, { recursive: true })
  const child = spawn(installation.node, [installation.cli, 'bootstrap'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`directus bootstrap ended with code ${code}:\n${said.slice(-4000)}`)
}
