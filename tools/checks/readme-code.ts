import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { published, root, tool } from './workspace.ts'

/** Inside this package, whose dependencies hold all that the documents import. */
const folder = 'tools/.unstale/readme-code'

function documents(): string[] {
  const docs = existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }) : []
  const examples = existsSync(join(root, 'examples'))
    ? readdirSync(join(root, 'examples')).map((name) => `examples/${name}/README.md`)
    : []
  return [
    'README.md',
    ...published.map((dir) => `${dir}/README.md`),
    ...examples,
    ...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`),
  ].filter((path) => existsSync(join(root, path)))
}

/** Fences marked ```ts, each padded with empty lines so that the compiler's line numbers are the document's. */
function fencesOf(document: string): { line: number; code: string }[] {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/^( *)```ts\n([\s\S]*?)^ *```$/gm)].map(({ index, 1: indent = '', 2: code = '' }) => {
    const line = text.slice(0, index).split('\n').length
    return { line, code: '\n'.repeat(line) + code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }
  })
}

/** What a reader pastes compiles, against the packages as they are built. A fence that is not whole is marked ```ts no-check. */
export const readmeCode: Check = {
  name: 'readme',
  group: 'packages',
  run: async () => {
    const home = join(root, folder)
    rmSync(home, { recursive: true, force: true })
    mkdirSync(home, { recursive: true })
    let count = 0
    for (const document of documents()) {
      for (const { line, code } of fencesOf(document)) {
        // `export {}` makes a module of a fence that imports nothing; on the last line it moves no other.
        writeFileSync(join(home, `${document.replaceAll('/', '__')}__${line}.ts`), `${code}\nexport {}\n`)
        count += 1
      }
    }
    if (count === 0) return 'no code in the documents yet'
    const compilerOptions = {
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      experimentalDecorators: true,
      types: ['node'],
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    }
    writeFileSync(
      join(home, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }),
    )
    await tool('tsc', ['-p', folder], { package: 'typescript' })
    rmSync(home, { recursive: true, force: true })
    return `${count} pieces`
  },
}
