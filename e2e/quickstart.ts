import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { shellOf } from './child.ts'
import { root } from './pack.ts'

export interface Quickstart {
  url: string
  /** Ctrl+C. Resolves with its exit code. */
  stop(): Promise<number | null>
}

/** Starts the quickstart as `npm start` does, on free ports; resolves when it says where its page is. */
export async function startQuickstart(): Promise<Quickstart> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts', '--port', '0'], {
    cwd: join(root, 'examples', 'quickstart'),
    env: shellOf(process.execPath),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  for await (const line of createInterface(child.stdout)) {
    const url = /^Open (http:\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout.resume()
    return {
      url,
      async stop() {
        child.kill('SIGINT')
        return (await closed)[0]
      },
    }
  }
  throw new Error(`the quickstart ended with code ${(await closed)[0]} before it said where its page is`)
}
