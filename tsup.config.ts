import { existsSync, readFileSync } from 'node:fs'
import type { Options } from 'tsup'

type Conditions = string | { [condition: string]: Conditions }
type Manifest = { exports: Conditions; bin?: Conditions; devDependencies?: Record<string, string> }

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

/** A package's exports and commands say what it publishes: `./dist/name.js` is built from src/name.ts or src/name/index.ts. */
function entries(exports: Conditions): Record<string, string> {
  if (typeof exports !== 'string') return Object.assign({}, ...Object.values(exports).map(entries))
  const name = /^\.\/dist\/(.+)\.js$/.exec(exports)?.[1]
  if (name === undefined) return {}
  return { [name]: existsSync(`src/${name}.ts`) ? `src/${name}.ts` : `src/${name}/index.ts` }
}

/** A workspace package that is only a dev dependency does not exist for users: its code and its types are built in. */
const inlined = Object.keys(manifest.devDependencies ?? {}).filter((name) => name.startsWith('@unstale/'))

const config: Options = {
  entry: { ...entries(manifest.exports), ...entries(manifest.bin ?? {}) },
  format: ['esm', 'cjs'],
  target: 'es2022',
  // No entry may lean on a runtime by accident; what is for Node alone says so with `node:`.
  platform: 'neutral',
  external: [/^node:/],
  // One build for all entries: an error class or a symbol is the same through each of them.
  splitting: true,
  dts: inlined.length > 0 ? { resolve: inlined } : true,
  noExternal: inlined,
  clean: true,
}

export default config
