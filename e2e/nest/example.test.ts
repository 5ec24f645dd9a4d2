/** The example by its one command, with the Postgres that it brings. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { run, shellOf } from '../child.ts'
import { root } from '../pack.ts'

const script = join(root, 'scripts', 'run.mjs')
let folder: string

/** Postgres does not run as root: then another user has to get as far as this folder. */
function isReachable(path: string): boolean {
  if (process.getuid?.() !== 0) return true
  return (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isReachable(dirname(path)))
}

await withService('postgres', ({ url }) => {
  beforeAll(async () => {
    if (!isReachable(root)) vi.stubEnv('DATABASE_URL', url)
    folder = await mkdtemp(join(tmpdir(), 'unstale-example-'))
    await chmod(folder, 0o755)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const args = ['example:nest', '--port', '0', '--folder']

  it('edits a post, and both front ends show it', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [script, ...args, join(folder, 'once'), '--once'], {
      cwd: root,
      timeout: 120_000,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Both front ends show the new title, \d+ ms after it was saved\.$/m)
  })

  it('serves an API until it is interrupted: a renamed post is gone at its old address, and there at the new one', async () => {
    const child = spawn(process.execPath, [script, ...args, join(folder, 'served')], {
      cwd: root,
      env: shellOf(process.execPath),
    })
    let said = ''
    const says = (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(said)
          if (found !== null) resolve(found)
        }
        child.stdout.on('data', look)
        child.once('exit', () => reject(new Error(`it ended:\n${said}`)))
        look()
      })
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    try {
      const [, api, site] = await says(/API +(\S+)\/posts\n +Site +(\S+)/)
      const page = async (path: string) => (await fetch(`${site}${path}`)).text()
      expect(await page('/hello')).toContain('Hello')
      expect(await page('/autumn-menu')).toContain('The autumn menu')
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ slug: 'hello-again', title: 'Hello again' })
      expect((await fetch(`${api}/posts/1`, { method: 'PATCH', headers, body })).status).toBe(200)
      await says(/Site dropped .*\/hello/)
      expect(await page('/hello')).toContain('no such post')
      expect(await page('/hello-again')).toContain('Hello again')
      expect((await fetch(`${api}/posts/archive`, { method: 'POST' })).status).toBe(200)
      await says(/Site dropped .*\/hello-again/)
      expect(await page('/hello-again')).toContain('no such post')
    } finally {
      child.kill('SIGINT')
      if (child.exitCode === null) await once(child, 'exit')
    }
  })
})
