import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { admin } from './environment.ts'
import type { Installation } from './install.ts'
import { createLog, type Log } from './log.ts'
import { freePort } from './ports.ts'

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
}

/** One process at a time, at one address. */
export interface Served {
  url: string
  port: number
  /** The administrator's, which never expires. */
  token(): Promise<string>
  /** Of the process that runs now; undefined when none does. */
  readonly pid: number | undefined
  /** All that it has said, over every restart. */
  log(): string
  waitForLog: Log['wait']
  /** SIGTERM. Resolves when it has ended; if that takes too long, it is killed, and this rejects. */
  stop(): Promise<Ended>
  /** SIGKILL. */
  kill(): Promise<Ended>
  /** Stops it if it runs, and starts it again where it was; `env` is added to what it was given before. */
  restart(env?: Record<string, string>): Promise<void>
}

export interface ServeOptions {
  folder: string
  env: Record<string, string>
  port: number
  patienceMs: number
  onText?: ((text: string) => void) | undefined
}

const withParent = join(import.meta.dirname, 'with-parent.mjs')

/** Starts the server. Resolves when it answers. */
export async function serve(installation: Installation, options: ServeOptions): Promise<Served> {
  const { folder, port, patienceMs } = options
  const url = `http://127.0.0.1:${port}`
  const log = createLog(options.onText)
  let env = { ...options.env, HOST: '127.0.0.1', PORT: String(port), PUBLIC_URL: options.env['PUBLIC_URL'] ?? url }
  let running: ChildProcess | undefined
  let ended: Promise<Ended> = Promise.resolve({ code: null, signal: null })

  async function start(): Promise<void> {
    const since = log.text().length
    const child = spawn(installation.node, ['--import', withParent, installation.cli, 'start'], {
      cwd: folder,
      env,
      // A group of its own: Ctrl-C in a terminal is for us to handle, in order. Its input is what tells it that we have gone.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    running = child
    ended = endOf(child).finally(() => running === child && (running = undefined))
    log.follow(child.stdout)
    log.follow(child.stderr)
    const lastTry = Date.now() + patienceMs
    while (!(await answers(url))) {
      if (running !== child || Date.now() > lastTry) {
        await end('SIGKILL')
        throw new Error(`Directus did not start at ${url}:\n${log.text().slice(since).slice(-4000)}`)
      }
      await later(50)
    }
  }

  function end(signal: NodeJS.Signals): Promise<Ended> {
    running?.kill(signal)
    return ended
  }

  async function stop(): Promise<Ended> {
    const patience = new AbortController()
    const late = later(patienceMs, 'late' as const, { signal: patience.signal }).catch(() => 'late' as const)
    const how = await Promise.race([end('SIGTERM'), late])
    patience.abort()
    if (how !== 'late') return how
    await end('SIGKILL')
    throw new Error(`Directus at ${url} did not end on SIGTERM within ${patienceMs} ms:\n${log.text().slice(-4000)}`)
  }

  await start()
  return {
    url,
    port,
    token: async () => admin.token,
    get pid() {
      return running?.pid
    },
    log: log.text,
    waitForLog: log.wait,
    stop,
    kill: () => end('SIGKILL'),
    async restart(more = {}) {
      if (running !== undefined) await stop()
      env = { ...env, ...more }
      await start()
    },
  }
}

/** As `serve`; without a port that is asked for, on one that is free, even if somebody else takes that before it is used. */
export async function serveSomewhere(installation: Installation, options: ServeOptions, tries = 3): Promise<Served> {
  try {
    return await serve(installation, options.port === 0 ? { ...options, port: await freePort(0) } : options)
  } catch (error) {
    if (options.port !== 0 || tries === 1 || !String(error).includes('already in use')) throw error
    return serveSomewhere(installation, options, tries - 1)
  }
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return { code, signal }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/server/ping`, { signal: AbortSignal.timeout(5000) })
    return (await response.text()) === 'pong'
  } catch {
    return false
  }
}
