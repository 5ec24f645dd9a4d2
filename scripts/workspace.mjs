import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, step } from './child.mjs'
import { dropStamp, fingerprint, readStamp, writeStamp } from './stamp.mjs'

export const QUICKSTART = 'examples/quickstart'
/** Its decorators are nothing that Node can strip. */
export const NEST = 'examples/nest'

const readManifest = (dir) => JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'))
const foldersOf = (dir) =>
  existsSync(join(root, dir))
    ? readdirSync(join(root, dir))
        .map((name) => `${dir}/${name}`)
        .filter((path) => existsSync(join(root, path, 'package.json')))
    : []

/** The packages that are published, by name. */
const published = new Map(foldersOf('packages').map((dir) => [readManifest(dir).name, dir]))

function neededBy(dir) {
  const { dependencies, devDependencies } = readManifest(dir)
  return Object.keys({ ...dependencies, ...devDependencies }).flatMap((name) => published.get(name) ?? [])
}

/** The Node that everything here runs on, whatever Node started this script. */
export function workspaceNode() {
  const binary = join(root, QUICKSTART, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(binary)) throw new Error(`${binary} is missing: remove node_modules and start again`)
  return binary
}

/** Installs the whole workspace, or only the quickstart with what it is built from. */
export async function install(scope) {
  const manifests = ['packages', 'examples', '.'].flatMap((dir) => foldersOf(dir)).map((dir) => `${dir}/package.json`)
  const hash = fingerprint(['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', ...manifests])
  const [scopeThere, hashThere] = readStamp('install').split(' ')
  if (hashThere === hash && (scopeThere === 'everything' || scopeThere === scope)) return
  dropStamp('install')
  const filter = scope === 'everything' ? [] : ['--filter', `${readManifest(QUICKSTART).name}...`]
  const pnpm = readManifest('.').packageManager
  await step(
    scope === 'everything' ? 'Installing the workspace' : 'Installing what the quickstart needs',
    'npx',
    ['-y', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only', '--config.confirmModulesPurge=false', ...filter],
    { shell: process.platform === 'win32' },
  )
  writeStamp('install', `${scope} ${hash}`)
}

/** Builds what is asked for and what it needs, each package once, and only where a source has changed. */
export async function build(wanted = [...published.values()]) {
  const started = new Map()
  const start = (dir) => {
    if (!started.has(dir))
      started.set(
        dir,
        Promise.all(neededBy(dir).map(start)).then(() => buildOne(dir)),
      )
    return started.get(dir)
  }
  await Promise.all(wanted.map(start))
}

export const buildFor = (dir) => build(neededBy(dir))

async function buildOne(dir) {
  const sources = [dir, ...neededBy(dir)].flatMap((path) => [`${path}/src`, `${path}/package.json`, `${path}/tsconfig.json`])
  const hash = fingerprint([...sources, 'tsup.config.ts', 'tsconfig.base.json', 'pnpm-lock.yaml'])
  const { name, 'directus:extension': extension } = readManifest(dir)
  const stamp = `build-${dir.replaceAll('/', '-')}`
  if (readStamp(stamp) === hash && existsSync(join(root, dir, 'dist'))) return
  dropStamp(stamp)
  const cwd = join(root, dir)
  const tsup = join(cwd, 'node_modules', 'tsup', 'dist', 'cli-default.js')
  await step(`Building ${name}`, workspaceNode(), [tsup, '--config', '../../tsup.config.ts'], { cwd })
  if (extension !== undefined) {
    const sdk = join(cwd, 'node_modules', '@directus', 'extensions-sdk', 'cli.js')
    await step(`Building ${name} for the hosts`, workspaceNode(), [sdk, 'build'], { cwd })
  }
  writeStamp(stamp, hash)
}

/** Compiles an example that Node cannot run as it is written, where something has changed. */
export async function compile(dir) {
  const hash = fingerprint([`${dir}/src`, `${dir}/package.json`, `${dir}/tsconfig.json`, 'tsconfig.base.json', 'pnpm-lock.yaml'])
  const stamp = `compile-${dir.replaceAll('/', '-')}`
  if (readStamp(stamp) === hash && existsSync(join(root, dir, 'dist'))) return
  dropStamp(stamp)
  const cwd = join(root, dir)
  const tsc = join(cwd, 'node_modules', 'typescript', 'bin', 'tsc')
  await step(`Compiling ${readManifest(dir).name}`, workspaceNode(), [tsc, '-p', 'tsconfig.json'], { cwd })
  writeStamp(stamp, hash)
}
