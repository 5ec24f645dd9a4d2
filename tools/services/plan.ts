import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export type Command = readonly [program: string, ...args: string[]]

/** How one kind of server is run. */
export interface Plan {
  /** `install` makes the data in the folder, once. */
  commands(folder: string): { install?: Command; server(port: number): Command }
  /** What the server prints once it takes connections. */
  ready: RegExp
  /** What it prints when it may succeed a moment later, or on another port. */
  busy: RegExp
  /** Makes it end properly without waiting for its clients. */
  quit: NodeJS.Signals
  url(port: number): string
}

/** How to get what is not there; one sentence for people. */
export interface Missing {
  missing: string
}

/** The path of a program; looks where Debian puts servers, too, which not everybody's PATH holds. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Postgres and MariaDB refuse to run as root: then it is nobody who runs them. Nothing for everybody else. */
export function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
