import { cpSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { run } from './child.ts'

const { site } = inject('projects')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

// `site.cts` is what `require` gets.
test.each([
  { moduleResolution: 'bundler', module: 'Preserve', files: ['site.ts'] },
  { moduleResolution: 'node16', module: 'Node16', files: ['site.ts', 'site.cts'] },
  { moduleResolution: 'nodenext', module: 'NodeNext', files: ['site.ts', 'site.cts'] },
])('a strict project compiles with moduleResolution $moduleResolution, and its mistakes do not', async ({ files, ...how }) => {
  cpSync(join(site, 'site.ts'), join(site, 'site.cts'))
  const compilerOptions = {
    ...how,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'ES2022',
    lib: ['ES2023'],
    types: ['node'],
    esModuleInterop: true,
  }
  const config = `tsconfig.${how.moduleResolution}.json`
  writeFileSync(join(site, config), JSON.stringify({ compilerOptions, files }))

  const { code, stdout } = await run(process.execPath, [tsc, '-p', config], { cwd: site, timeout: 60_000 })

  expect(stdout).toBe('')
  expect(code).toBe(0)
})
