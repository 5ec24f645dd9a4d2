import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { schemaFiles } from '../scripts/print-schema.ts'

it.each(Object.entries(schemaFiles()))(
  'schema/%s is what the extension makes: else run scripts/print-schema.ts',
  (name, text) => {
    const there = readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8')
    // JSON is formatted like everything else here.
    if (name.endsWith('.json')) expect(JSON.parse(there)).toEqual(JSON.parse(text))
    else expect(there).toBe(text)
  },
)
