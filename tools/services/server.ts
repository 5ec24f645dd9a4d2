import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, owner, type Plan } from './plan.ts'

export interface ServerOptions {
  /** Where its temporary folder is made; the system's place for such folders unless said otherwise. */
  within?: string
  /** Further arguments of the server, which come last: `--appendfsync`, `always`. */
  settings?: readonly string[]
}

/** A server of our own, with nothing in it. */
export interface Server {
  url: string
  port: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** Ends it properly if it runs, and starts it on the same port with the same data. */
  restart(): Promise<void>
  /** Ends it and removes its data; happens by itself when this process ends, in whatever way. */
  stop(): Promise<void>
}

export async function serve(plan: Plan, { within = tmpdir(), settings = [] }: ServerOptions): Promise<Server> {
  const folder = await mkdtemp(join(within, 'unstale-server-'))
  const keeper = keep(folder)
  const { uid, gid } = owner()
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)

  let port = 0
  let running: ChildProcess | undefined

  async function start(): Promise<void> {
    const lastTry = Date.now() + 20_000
    for (;;) {
      const portNow = port === 0 ? await freePort() : port
      const [program, ...args] = commands.server(portNow)
      const child = run([program, ...args, ...settings])
      keeper.guard(child.pid)
      child.once('exit', () => keeper.guard(undefined))
      const said = await untilSaid(child, plan.ready)
      if (said === null) {
        port = portNow
        running = child
        // Whoever forgets to stop it still comes to an end, and the keeper does it.
        letGo(child)
        return
      }
      if (!plan.busy.test(said) || Date.now() > lastTry) throw new Error(`${program} did not start:\n${said}`)
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (running === undefined) return
    const child = running
    running = undefined
    if (child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    child.kill(signal)
    await once(child, 'exit')
  }

  async function stop(): Promise<void> {
    await end(plan.quit)
    await keeper.release()
  }

  const commands = plan.commands(folder)
  try {
    if (commands.install !== undefined) await finish(commands.install)
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: plan.url(port),
    port,
    kill: () => end('SIGKILL'),
    async restart() {
      await end(plan.quit)
      await start()
    },
    stop,
  }
}

/** In a session of its own: Ctrl-C in a terminal is for us to handle, in order. */
function run([program, ...args]: Command): ChildProcess {
  return spawn(program, args, { ...owner(), cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function finish(command: Command): Promise<void> {
  const said = await untilSaid(run(command), null)
  if (said !== '') throw new Error(`${command[0]} failed:\n${said}`)
}

/** Null once it has printed `pattern`; else the end of what it printed before it ended. Without a pattern: nothing, if it went well. */
function untilSaid(child: ChildProcess, pattern: RegExp | null): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4_000)
        if (pattern?.test(said)) resolve(null)
      })
    }
    child.once('error', reject)
    child.once('close', (code) => resolve(pattern === null && code === 0 ? '' : said || `it ended with code ${code}`))
  })
}

function letGo(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as { unref(): void } | null)?.unref()
}

/** Kills and removes what is left once we have gone: its input ends with us, also when we are killed. */
function keep(folder: string): { guard(pid: number | undefined): void; release(): Promise<void> } {
  const script =
    'while read -r pid; do server=$pid; done; [ -z "$server" ] || kill -9 "$server"; rm -rf "$0" || { sleep 1; rm -rf "$0"; }'
  const child = spawn('sh', ['-c', script, folder], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  return {
    guard: (pid) => child.stdin.write(`${pid ?? ''}\n`),
    async release() {
      child.ref()
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
