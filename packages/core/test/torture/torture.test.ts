import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withService } from '../../../../tools/services/in-tests.ts'

/** A few kills each; `npm run torture` is for many. What it prints is shown if it fails. */
function survives(store: string, environment: Record<string, string> = {}): void {
  it(`${store}: 10 processes killed, nothing lost, and every duplicate has its reason`, { timeout: 120_000 }, async () => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    const child = fork(main, ['--store', store, '--kills', '10', '--lease', '2000'], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...environment },
      silent: true,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (said += text))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(code, said).toBe(0)
    expect(said.trim().split('\n').at(-1)).toBe('0 lost')
  })
}

survives('sqlite')
survives('sqlite-file')
await withService('postgres', ({ url }) => survives('postgres', { UNSTALE_TEST_POSTGRES_URL: url }))
await withService('mysql', ({ url }) => survives('mysql', { UNSTALE_TEST_MYSQL_URL: url }))
await withService('redis', ({ url }) => survives('redis', { UNSTALE_TEST_REDIS_URL: url }))
