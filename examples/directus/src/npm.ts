import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

export const root: string = join(import.meta.dirname, '..', '..', '..')

/** The Node that everything in the workspace runs on, and Directus as well. */
export function nodePath(): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const workspaces = join(root, 'examples', 'quickstart', 'node_modules', 'node', 'bin', name)
  return existsSync(workspaces) ? realpathSync(workspaces) : process.execPath
}

/** What an npm script around us says of itself, which is not true of what we install. */
const foreign = /^(npm_(package|lifecycle|config_local_prefix|command|execpath|node_execpath)|INIT_CWD$|NODE_(ENV|OPTIONS|PATH)$)/

/** Where the headers of that Node are, if npm brought it: whoever compiles takes these, and need not fetch them. */
function headersOf(node: string): Record<string, string> {
  const folder = join(dirname(node), '..', 'node_modules', `node-${process.platform}-${process.arch}`)
  return existsSync(join(folder, 'include', 'node', 'node_version.h')) ? { npm_config_nodedir: folder } : {}
}

/** Runs npm on that Node to its end; what failed is an error that holds the end of what it said. */
export function npm(node: string, cwd: string, args: readonly string[]): Promise<void> {
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  const env = {
    ...Object.fromEntries(own),
    ...headersOf(node),
    PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`,
    JOBS: '2',
    // Half the time of what it would be compiled with, and hardly slower.
    CFLAGS: '-O2',
  }
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, env, shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'pipe'] })
    const end = () => child.kill()
    process.once('exit', end)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
    }
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('exit', end)
      if (code === 0) resolve()
      else reject(new Error(`npm ${args.join(' ')}: ended with code ${code}\n${said}`))
    })
  })
}
