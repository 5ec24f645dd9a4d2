/** Fresh projects, as `npm install` makes them, with our packed packages in them. */
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { inject } from 'vitest'
import { must } from '../child.ts'
import { install } from '../install.ts'

export type Kind = 'Nest 12, ESM' | 'Nest 11, CommonJS'

interface Recipe {
  name: string
  type: 'module' | 'commonjs'
  dependencies: Readonly<Record<string, string>>
}

const shared = { pg: '^8.23.0', 'reflect-metadata': '^0.2.2', rxjs: '^7.8.2' }

const recipes: Readonly<Record<Kind, Recipe>> = {
  'Nest 12, ESM': {
    name: 'nest-12',
    type: 'module',
    dependencies: {
      '@nestjs/common': '^12.5.1',
      '@nestjs/core': '^12.5.1',
      '@nestjs/platform-express': '^12.5.1',
      '@nestjs/typeorm': '^12.0.2',
      typeorm: '^1.1.1',
      ...shared,
    },
  },
  'Nest 11, CommonJS': {
    name: 'nest-11',
    type: 'commonjs',
    dependencies: {
      '@nestjs/common': '^11.0.0',
      '@nestjs/core': '^11.0.0',
      '@nestjs/platform-express': '^11.0.0',
      '@nestjs/typeorm': '^11.0.0',
      typeorm: '^0.3.20',
      ...shared,
    },
  },
}

/** The compiler's options of `nest new`, but strict; ESM or CommonJS is what package.json says. */
const compilerOptions = {
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  target: 'ES2022',
  types: ['node'],
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  // As Nest's own starter has it: TypeORM's types name drivers that are not there.
  skipLibCheck: true,
  rootDir: 'src',
  outDir: 'dist',
}

/** A Nest project with these sources, compiled; answers its folder. */
export async function nestProject(kind: Kind, sources: string): Promise<string> {
  const { name, type, dependencies } = recipes[kind]
  const { home, ours } = inject('nest')
  // Test files run side by side, and each may make one of a kind.
  const folder = mkdtempSync(join(home, `${name}-`))
  // What is kept is that of one file.
  await install(`${name}-${basename(sources)}`, folder, {
    name,
    private: true,
    type,
    dependencies: { ...dependencies, ...ours },
    devDependencies: { typescript: '^6.0.3', '@types/node': '^22.20.0' },
  })
  cpSync(sources, join(folder, 'src'), { recursive: true })
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
  await must('npx', ['tsc', '-p', '.'], { cwd: folder, timeout: 120_000 })
  return folder
}
