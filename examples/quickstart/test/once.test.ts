import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { beforeAll, expect, test } from 'vitest'
import { folder, requireBuilt } from './built.ts'

beforeAll(requireBuilt)

const closingLine = /^stale for (\d+) ms \(median of (\d+) edits\); (\d+) changes in (\d+) requests; 0 lost$/

test.each(['sqlite', 'memory'])(
  '--once tells its story on the %s store and loses nothing',
  { timeout: 60_000 },
  async (store) => {
    const before = leftovers()
    const { code, stdout, stderr } = await run(['--once', '--store', store])
    const lines = stdout.trimEnd().split('\n')

    expect(stderr).toBe('')
    expect(code).toBe(0)
    const [, stale, edits, changes, requests] = closingLine.exec(lines.at(-1)!) ?? []
    // As fast as windows close, not as often as the store is asked.
    expect(Number(stale)).toBeLessThan(500)
    expect(Number(changes)).toBeGreaterThan(80)
    expect(Number(edits)).toBeGreaterThan(80)
    expect(Number(requests)).toBeLessThan(40)

    // Fifty edits, one request for each front end.
    expect(lines.filter((line) => /50 changes, attempt 1: .*delivered/.test(line))).toHaveLength(2)
    // A rename drops the old and the new address in both.
    const renamed = lines.filter((line) => line.includes('/blog/harbour-in-winter') && line.includes('/blog/harbour-by-night'))
    expect(renamed.map((line) => line.split(/ {2,}/)[2])).toEqual(expect.arrayContaining(['everything', 'published']))
    // What happens after an unpublish reaches the published one: its page is dropped.
    const unpublish = lines.findIndex((line) => line.includes('Unpublished “Orchard at dawn”'))
    expect(lines.slice(unpublish, unpublish + 5).join('\n')).toMatch(/published +dropped .*\/blog\/orchard-at-dawn/)
    // After its outage: the first batch under its old number, then one more with all the rest.
    const again = lines
      .slice(lines.findIndex((line) => /published +is up again/.test(line)))
      .filter((line) => /published +batch/.test(line))
    expect(again).toHaveLength(2)
    expect(again[0]).toMatch(/ 1 change, attempt [3-9]: .*delivered/)
    expect(again[1]).toMatch(/ \d\d changes, attempt 1: .*delivered/)

    expect(leftovers()).toEqual(before)
  },
)

test('a wrong option is answered with the right ones', { timeout: 60_000 }, async () => {
  const { code, stdout } = await run(['--store', 'postgres'])
  expect(code).toBe(1)
  expect(stdout).toContain('--store sqlite|memory')
})

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('unstale-quickstart-'))
}

function run(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['src/main.ts', ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => (stdout += text))
    child.stderr.on('data', (text) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
