import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Ended, run, shellOf } from '../child.ts'
import { root } from '../pack.ts'

const example = join(root, 'examples', 'directus')
const argsOf = (folder: string): string[] => ['src/main.ts', '--folder', folder, '--port', '0']

/** Plays it to its end, as `npm run example:directus -- --once` does, with a database of its own. */
export function playExample(folder: string): Promise<Ended> {
  return run(process.execPath, [...argsOf(folder), '--once'], { cwd: example, timeout: 110_000 })
}

export interface Example {
  frontEnd: string
  studio: string
  adminEmail: string
  adminPassword: string
  /** Ctrl+C. Resolves with its exit code. */
  stop(): Promise<number | null>
}

/** Starts it as `npm run example:directus` does, on free ports; resolves when it has printed the addresses and the login. */
export async function startExample(folder: string): Promise<Example> {
  const child = spawn(process.execPath, argsOf(folder), {
    cwd: example,
    env: shellOf(process.execPath),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  let frontEnd: string | undefined
  for await (const line of createInterface(child.stdout)) {
    frontEnd ??= /^ {2}Front end +(http:\S+)/.exec(line)?.[1]
    const [, studio, adminEmail, adminPassword] = /^ {2}Studio +(http:\S+)\/admin +(\S+), (\S+)/.exec(line) ?? []
    if (!frontEnd || !studio || !adminEmail || !adminPassword) continue
    child.stdout.resume()
    return {
      frontEnd,
      studio,
      adminEmail,
      adminPassword,
      async stop() {
        child.kill('SIGINT')
        return (await closed)[0]
      },
    }
  }
  throw new Error(`the example ended with code ${(await closed)[0]} before it said where it is`)
}
