import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { foldersOf, root, tool } from './workspace.ts'

const quiet = async (done: Promise<unknown>): Promise<string> => done.then(() => '')

/** One check for each tsconfig: a package, its pure files alone, its Vue components, an example, the benchmarks, the scripts. */
export function types(): Check[] {
  const projects = [...foldersOf('packages'), ...foldersOf('examples'), ...foldersOf('.')]
    .map((dir) => dir.replace(/^\.\//, ''))
    .flatMap((dir) => [`${dir}/tsconfig.json`, `${dir}/tsconfig.pure.json`, `${dir}/tsconfig.vue.json`])
  return projects
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({
      name: `types ${path.replace(/\/tsconfig\.json$|\.json$/, '').replace('/tsconfig.', ' ')}`,
      group: 'sources',
      run: () => {
        const options = ['-p', path, '--noEmit']
        return quiet(path.endsWith('.vue.json') ? tool('vue-tsc', options) : tool('tsc', options, { package: 'typescript' }))
      },
    }))
}

export const lint: Check = {
  name: 'lint',
  group: 'sources',
  run: () => quiet(tool('biome', ['check', '--error-on-warnings', '--max-diagnostics=60', '.'], { package: '@biomejs/biome' })),
}

export const boundaries: Check = {
  name: 'boundaries',
  group: 'sources',
  run: () => {
    const folders = ['packages', 'examples', 'bench'].filter((dir) => existsSync(join(root, dir)))
    return quiet(tool('depcruise', ['--config', '.dependency-cruiser.cjs', ...folders], { package: 'dependency-cruiser' }))
  },
}

export const unused: Check = {
  name: 'unused',
  group: 'packages',
  run: () => quiet(tool('knip', ['--no-progress', '--no-config-hints'])),
}
