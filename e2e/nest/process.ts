import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Client } from 'pg'
import { shellOf } from '../child.ts'

export interface App {
  url: string
  /** Everything it has said. */
  said(): string
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Answers the status. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>
}

/** Runs a compiled app until it says `listening <url>`. */
export async function startApp(folder: string, env: Readonly<Record<string, string>>, file = 'dist/main.js'): Promise<App> {
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { ...shellOf(process.execPath), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ending = () => child.kill('SIGKILL')
  process.once('exit', ending)
  child.once('exit', () => process.off('exit', ending))
  let said = ''
  const url = await listening(child, (text) => (said += text))
  return {
    url,
    said: () => said,
    async kill(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
    async call(method, path, body) {
      const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const response = await fetch(`${url}${path}`, { method, ...init })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
    },
  }
}

function listening(child: ChildProcess, tell: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        tell(text)
        const url = /^listening (\S+)$/m.exec(said)?.[1]
        if (url !== undefined) resolve(url)
      })
    }
    child.once('exit', (code) => reject(new Error(`The app ended with code ${code}:\n${said}`)))
  })
}

export interface OwnDatabase {
  url: string
  sql(text: string): Promise<readonly Record<string, unknown>[]>
  drop(): Promise<void>
}

/** A new database on a Postgres. */
export async function createDatabase(server: string): Promise<OwnDatabase> {
  const name = `nest_${randomBytes(6).toString('hex')}`
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  await sql(server, `CREATE DATABASE ${name}`)
  return { url, sql: (text) => sql(url, text), drop: async () => void (await sql(server, `DROP DATABASE ${name} WITH (FORCE)`)) }
}

async function sql(connectionString: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(text)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}
