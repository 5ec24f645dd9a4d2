import { expect, it } from 'vitest'
import type { HostContext } from './host.ts'
import { startRuntime } from './runtime.ts'
import { readSettings } from './settings.ts'

it.each(['mssql', 'oracledb', 'cockroachdb', 'redshift'])('on %s it says so in one line, and touches nothing', async (client) => {
  const lines: string[] = []
  const touched = () => {
    throw new Error('touched')
  }
  const logger = { info: touched, warn: touched, error: (line: string) => void lines.push(line) }
  const host = {
    env: { DB_CLIENT: client },
    logger,
    database: touched,
    services: {},
    getSchema: touched,
  } as unknown as HostContext
  expect(await startRuntime(host, readSettings({}).settings, {})).toBeNull()
  expect(lines).toEqual([
    expect.stringContaining(`Directus runs on ${client}, and Unstale on Postgres, MySQL, MariaDB and SQLite`),
  ])
})
