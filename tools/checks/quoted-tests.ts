import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { root } from './workspace.ts'

/** Where the documents' paths begin. */
const homes = ['', 'packages/core', 'packages/core/src']

/** What a proof may name besides a file: *Law 3*, *Inbox*, *Simulation*. */
const places: Readonly<Record<string, string>> = {
  Law: 'packages/core/src/testing/contract',
  Inbox: 'packages/core/src/testing/contract',
  Targets: 'packages/core/src/testing/contract',
  Simulation: 'packages/core/test/simulation',
}

/** The text of a file, or of all files in a folder; undefined if there is none. */
function textAt(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8')
  return readdirSync(path)
    .map((name) => textAt(join(path, name)) ?? '')
    .join('\n')
}

function find(path: string): string | undefined {
  for (const home of homes) {
    const text = textAt(join(root, home, path))
    if (text !== undefined) return text
  }
  return undefined
}

/** Lines of proof: in the guarantees every item of a list that does not begin with a sentence in bold, in a decision what follows `Tests:`. */
function proofsIn(document: string): { line: number; proof: string }[] {
  const begins = document.includes('decisions') ? /\bTests?: (.*)$/ : /^- (?!\*\*)(.*)$/
  return readFileSync(join(root, document), 'utf8')
    .split('\n')
    .map((text, index) => ({ line: index + 1, proof: begins.exec(text)?.[1] ?? '' }))
    .filter(({ proof }) => proof !== '')
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

/** Each quoted name has to stand in one line of the file that was named before it; `…` is any part of a name. */
function missingIn(proof: string): string[] {
  const missing: string[] = []
  let text = ''
  let place = ''
  for (const [, path, word, name] of proof.matchAll(/`([\w./-]+\.ts)`|\b([Ll]aw|Inbox|Targets|[Ss]imulation)\b|"([^"]+)"/g)) {
    if (name !== undefined) {
      const parts = name.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      if (!new RegExp(parts.join('.*')).test(text)) missing.push(`${place} has no "${name}"`)
      continue
    }
    place = path ?? capital(word ?? '')
    const found = find(path ?? places[place] ?? '')
    if (found === undefined) missing.push(`there is no ${place}`)
    text = found ?? ''
  }
  return missing
}

/** A promise names the test that proves it, and that test exists. */
export const quotedTests: Check = {
  name: 'proofs',
  group: 'sources',
  run: async () => {
    const decisions = readdirSync(join(root, 'docs/decisions')).map((name) => `docs/decisions/${name}`)
    const proofs = ['docs/guarantees.md', ...decisions].flatMap((document) =>
      proofsIn(document).map(({ line, proof }) => ({ at: `${document}:${line}`, proof })),
    )
    const problems = proofs.flatMap(({ at, proof }) => missingIn(proof).map((problem) => `${at} ${problem}`))
    if (problems.length > 0) throw new Error(problems.join('\n'))
    return `${proofs.length} proofs`
  },
}
