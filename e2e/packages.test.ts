import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { run, runFile } from './child.ts'
import { root } from './pack.ts'

const { site, receiver } = inject('projects')

/** The Node that started the script; on its own, vitest is on the workspace's. */
const startedBy = process.env['UNSTALE_STARTED_BY'] ?? process.execPath
const { stdout: startedByVersion } = await run(startedBy, ['--version'], { cwd: site })

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('the snippet for newcomers prints what the README says, and ends', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const { snippet = '', printed = '' } =
    /^```js\n(?<snippet>[\s\S]*?)^```\n[\s\S]*?^It prints\n\n {4}(?<printed>.+)$/m.exec(readme)?.groups ?? {}
  expect(snippet).toContain("from '@unstale/core'")
  expect(snippet).toContain('4001')
  // Its port may be taken on this machine, by a quickstart for one.
  writeFileSync(join(site, 'hello.mjs'), snippet.replaceAll('4001', String(await freePort())))

  const startedAt = Date.now()
  const { code, stdout, stderr } = await runFile('hello.mjs', { cwd: site })

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const timestamp = /"timestamp":(\d+)/
  expect(stdout.trimEnd().replace(timestamp, '"timestamp":0')).toBe(printed.replace(timestamp, '"timestamp":0'))
  expect(Number(timestamp.exec(stdout)?.[1])).toBeGreaterThanOrEqual(startedAt)
})

test('CommonJS: Knex and better-sqlite3 at one end, Express at the other, one transaction rolled back', async () => {
  const { code, stdout, stderr } = await runFile('shop.cjs', { cwd: site })

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual([{ event: 'create', id: 2, slug: 'post-2' }])
})

test('npx unstale sql prints tables, and says what it does not know', async () => {
  const { code, stdout } = await run('npx', ['unstale', 'sql', '--dialect', 'postgres', '--prefix', 'shop_'], { cwd: site })
  expect(code).toBe(0)
  expect(stdout).toContain('CREATE TABLE IF NOT EXISTS shop_inbox')
  const unknown = await run('npx', ['unstale', 'sql', '--dialect', 'mssql'], { cwd: site })
  expect(unknown).toMatchObject({ code: 1, stdout: '' })
  expect(unknown.stderr).toMatch(/^unstale: .*mssql/)
})

test.each(['core', 'receiver'])('every entry of @unstale/%s gives the same names to import and to require', async (name) => {
  const { exports } = JSON.parse(readFileSync(join(site, 'node_modules/@unstale', name, 'package.json'), 'utf8')) as {
    exports: object
  }
  const entries = Object.keys(exports).flatMap((path) => (path === './package.json' ? [] : `@unstale/${name}${path.slice(1)}`))
  const namesBy = async (load: string) => {
    const code = `for (const name of ${JSON.stringify(entries)}) console.log(name, Object.keys(${load}).filter((key) => key !== 'default').sort().join())`
    const type = load.startsWith('require') ? 'commonjs' : 'module'
    const ended = await run(process.execPath, [`--input-type=${type}`, '--eval', code], { cwd: site })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return ended.stdout.trimEnd().split('\n')
  }
  const required = await namesBy('require(name)')

  expect(required).toHaveLength(entries.length)
  for (const line of required) expect(line).toMatch(/^\S+ \w/)
  expect(await namesBy('await import(name)')).toEqual(required)
})

test.each(['import', 'require'])(`the receiver alone, by %s, on Node ${startedByVersion.trim()}`, async (kind) => {
  const file = kind === 'import' ? 'front-end.import.mjs' : 'front-end.require.cjs'
  const { code, stdout, stderr } = await runFile(file, { cwd: receiver, node: startedBy })

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    node: startedByVersion.trim(),
    signed: { status: 200, received: 1, handled: 1, ignored: 0, duplicate: 0 },
    forged: { status: 401, code: 'SIGNATURE_INVALID' },
    heard: ['update 7 autumn-menu'],
  })
})
