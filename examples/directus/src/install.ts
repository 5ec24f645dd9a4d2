import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isRunning, withLock } from './lock.ts'
import { nodePath, npm, root } from './npm.ts'
import { type DirectusVersion, keyOf, type Recipe, recipes } from './recipes.ts'

export type { DirectusVersion } from './recipes.ts'

export interface Installation {
  /** Its folder, which is kept. */
  home: string
  /** The Node to run it on. */
  node: string
  /** What that Node runs: the command line of Directus, without its search for updates. */
  cli: string
  /** The exact version. */
  version: string
}

const folder = join(root, '.unstale', 'directus')
const partial = '.partial-'

/** A real Directus, in a folder of its own; installed when it is first asked for, and then kept. */
export async function installDirectus(
  version: DirectusVersion,
  tell: (line: string) => void = console.log,
): Promise<Installation> {
  const recipe = recipes[version]
  const home = join(folder, keyOf(recipe))
  if (!existsSync(home)) {
    await mkdir(folder, { recursive: true })
    const waiting = () => tell(`Waiting for another process that installs Directus ${recipe.directus} …`)
    await withLock(`${home}.lock`, () => install(home, recipe, tell), waiting)
  }
  await sweep()
  return {
    home,
    node: nodePath(),
    cli: join(home, 'node_modules', '@directus', 'api', 'dist', 'cli', 'run.js'),
    version: recipe.directus,
  }
}

async function install(home: string, recipe: Recipe, tell: (line: string) => void): Promise<void> {
  if (existsSync(home)) return
  const startedAt = Date.now()
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(0)
  tell(`Installing Directus ${recipe.directus}, once, in .unstale/directus …`)
  const progress = setInterval(() => tell(`  ${seconds()} s …`), 10_000)
  const temporary = `${home}${partial}${process.pid}`
  try {
    await Promise.all([fetchAll(join(temporary, 'home'), recipe), compileSqlite(join(temporary, 'native'), recipe)])
    await place(join(temporary, 'native'), join(temporary, 'home'))
    // From here on it is there, and whole.
    await rename(join(temporary, 'home'), home).catch((error) => {
      if (!existsSync(home)) throw error
    })
  } finally {
    clearInterval(progress)
    await removed(temporary)
  }
  tell(`  done in ${seconds()} s`)
}

const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

async function fetchAll(home: string, { directus, sqlite3, overrides }: Recipe): Promise<void> {
  await manifestIn(home, { name: 'directus-home', private: true, dependencies: { directus, sqlite3 }, overrides })
  await npm(nodePath(), home, ['install', '--ignore-scripts', ...quiet])
}

async function compileSqlite(home: string, { sqlite3 }: Recipe): Promise<void> {
  await manifestIn(home, { name: 'native', private: true, dependencies: { sqlite3 } })
  await npm(nodePath(), home, ['install', ...quiet])
}

/** What those who were killed have left. If their npm still writes there, it goes the next time. */
async function sweep(): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = name.split(partial)
    if (pid !== undefined && !isRunning(Number(pid))) await removed(join(folder, name))
  }
}

async function removed(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
}

async function manifestIn(home: string, manifest: object): Promise<void> {
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'package.json'), JSON.stringify(manifest, null, 2))
}

async function place(from: string, to: string): Promise<void> {
  const binary = join('node_modules', 'sqlite3', 'build', 'Release', 'node_sqlite3.node')
  await mkdir(dirname(join(to, binary)), { recursive: true })
  await copyFile(join(from, binary), join(to, binary))
}
