import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '..', '..')

type Conditions = string | { [condition: string]: Conditions }
export interface Manifest {
  name: string
  exports: Record<string, Conditions>
}

export function foldersOf(dir: string): string[] {
  if (!existsSync(join(root, dir))) return []
  return readdirSync(join(root, dir))
    .map((name) => `${dir}/${name}`)
    .filter((path) => existsSync(join(root, path, 'package.json')))
}

export const published: readonly string[] = foldersOf('packages')

export function manifestOf(dir: string): Manifest {
  return JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8')) as Manifest
}

/** Runs a tool of the workspace by the script that its package names as its bin; what it says is in the error if it fails. */
export async function tool(
  name: string,
  args: readonly string[],
  options: { package?: string; cwd?: string } = {},
): Promise<string> {
  const home = join(root, 'tools', 'node_modules', options.package ?? name)
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { bin: string | Record<string, string> }
  const script = typeof bin === 'string' ? bin : bin[name]
  if (script === undefined) throw new Error(`${options.package ?? name} has no bin named ${name}`)
  const child = spawn(process.execPath, [join(home, script), ...args], {
    cwd: join(root, options.cwd ?? '.'),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(output.trimEnd() || `${name} ended with code ${code}`)
  return output
}
