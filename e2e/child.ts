import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** What the npm script and vitest add. Not every NODE_…: NODE_EXTRA_CA_CERTS is how some machines reach the registry. */
const foreign =
  /^(npm_(package|lifecycle|config_local_prefix|command|execpath|node_execpath)|INIT_CWD$|NODE_(ENV|OPTIONS|PATH)$|VITEST|TEST$|UNSTALE_)/

/** The environment of somebody's own shell, in which that Node comes first. */
export function shellOf(node: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(kept), NO_COLOR: '1', PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` }
}

export interface RunOptions {
  cwd: string
  /** Which Node to be on. Default: the one that runs this. */
  node?: string
  /** Milliseconds until it is killed, and its code is null. Default 30,000. */
  timeout?: number
}

/** Runs a command to its end. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const { cwd, node = process.execPath, timeout = 30_000 } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: shellOf(node), timeout, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended: Ended = { code: null, stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ ...ended, code }))
  })
}

/** Runs a step of the way there; what failed is an error that holds what it said. */
export async function must(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ended with code ${code}\n${stdout}\n${stderr}`)
  return stdout
}

/** Runs a file on Node. */
export function runFile(file: string, options: RunOptions): Promise<Ended> {
  return run(options.node ?? process.execPath, [file], options)
}
