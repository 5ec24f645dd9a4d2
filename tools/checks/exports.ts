import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Check } from '../check.ts'
import { manifestOf, published, root } from './workspace.ts'

/** Every file of types that the exports name, once; what `require` gets has the same names. */
function typesOf(conditions: unknown): string[] {
  if (typeof conditions === 'string') return conditions.endsWith('.d.ts') ? [conditions] : []
  return [...new Set(Object.values(conditions as Record<string, unknown>).flatMap(typesOf))]
}

function namesOf(file: string): string[] {
  const program = ts.createProgram([file], {
    skipLibCheck: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const symbol = source && checker.getSymbolAtLocation(source)
  if (symbol === undefined) throw new Error(`${file} exports nothing`)
  return checker
    .getExportsOfModule(symbol)
    .map((name) => {
      const target = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name
      return target.flags & ts.SymbolFlags.Value ? name.name : `type ${name.name}`
    })
    .sort()
}

/** Nothing joins or leaves the public surface unseen. */
export const exportSnapshots: Check = {
  name: 'exports',
  group: 'packages',
  run: async ({ update }) => {
    const changes: string[] = []
    for (const dir of published) {
      const files = typesOf(manifestOf(dir).exports)
      const now = files
        .map((file) => `${[file, ...namesOf(join(root, dir, file)).map((name) => `  ${name}`)].join('\n')}\n`)
        .join('\n')
      const path = join(root, dir, 'exports.snapshot.txt')
      const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
      if (before === now) continue
      if (update) {
        writeFileSync(path, now)
        continue
      }
      const minus = before.split('\n').filter((line) => !now.split('\n').includes(line))
      const plus = now.split('\n').filter((line) => !before.split('\n').includes(line))
      changes.push(`${dir}:`, ...minus.map((line) => `  - ${line.trim()}`), ...plus.map((line) => `  + ${line.trim()}`))
      if (minus.length + plus.length === 0) changes.push('  a name moved from one entry to another')
    }
    if (changes.length === 0) return ''
    throw new Error(`${changes.join('\n')}\nIf this is meant: npm run check -- exports --update`)
  },
}
