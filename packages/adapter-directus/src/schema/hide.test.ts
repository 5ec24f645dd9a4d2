import { expect, it } from 'vitest'
import { hideTables } from './hide.ts'

const TABLES = ['dead', 'entries', 'inbox', 'lanes', 'log', 'log_items', 'arrivals', 'setup', 'targets', 'version']

it.each([
  ['a list', ['spatial_ref_sys']],
  ['a text', 'spatial_ref_sys'],
])('tells Directus of all our tables, once, beside what it was told: %s', (_name, hidden) => {
  const env: { DB_EXCLUDE_TABLES: unknown } = { DB_EXCLUDE_TABLES: hidden }
  hideTables(env, 'mine_')
  hideTables(env, 'mine_')
  const all = ['spatial_ref_sys', ...TABLES.map((name) => `mine_${name}`)]
  expect([...(env.DB_EXCLUDE_TABLES as string[])].sort()).toEqual(all.sort())
})
