import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './child.mjs'

/** Hash of files and folders, by content: a checkout or a copy changes every date and nothing else. */
export function fingerprint(paths) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  const add = (path) => {
    if (!existsSync(join(root, path))) return
    if (!statSync(join(root, path)).isDirectory()) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)))
    else for (const name of readdirSync(join(root, path)).sort()) if (!/\.test(-d)?\.ts$/.test(name)) add(`${path}/${name}`)
  }
  for (const path of paths) add(path)
  return hash.digest('hex')
}

const file = (name) => join(root, 'node_modules', '.unstale', name)

export const readStamp = (name) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')

export function writeStamp(name, value) {
  mkdirSync(dirname(file(name)), { recursive: true })
  writeFileSync(file(name), value)
}

/** While the work is under way there is no stamp: an interrupted install or build is done again. */
export const dropStamp = (name) => rmSync(file(name), { force: true })
