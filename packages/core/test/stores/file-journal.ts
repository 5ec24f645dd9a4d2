/** A journal: lines in a file, of one process. */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Journal {
  /** Bytes. */
  readonly size: number
  read(): Promise<string[]>
  /** The line, which is JSON, is on the disk when it resolves; when it rejects, it does not count. */
  add(line: string): Promise<void>
  /** These lines, in one step, instead of all that there are. */
  replace(lines: readonly string[]): Promise<void>
  close(): Promise<void>
}

export async function fileJournal(filename: string): Promise<Journal> {
  let file = await open(filename, 'a+')
  let size = wholeOf(await readFile(filename))
  await file.truncate(size)
  await file.sync()
  await syncFolder()
  /** Whether more than `size` may be there: parts of a line that could not be written. */
  let torn = false

  /** Only then a file that is new, or has a new name, outlives a loss of power. */
  async function syncFolder(): Promise<void> {
    const folder = await open(dirname(filename))
    await folder.sync().finally(() => folder.close())
  }

  const toBytes = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''))

  return {
    get size() {
      return size
    },
    read: async () => (await readFile(filename)).subarray(0, size).toString().split('\n').slice(0, -1),
    async add(line) {
      const bytes = toBytes([line])
      if (torn) await file.truncate(size)
      torn = true
      await file.appendFile(bytes)
      await file.datasync()
      size += bytes.length
      torn = false
    },
    async replace(lines) {
      const bytes = toBytes(lines)
      const [old, fresh] = [file, await open(`${filename}.new`, 'a')]
      try {
        await fresh.truncate(0)
        await fresh.appendFile(bytes)
        await fresh.sync()
        await rename(`${filename}.new`, filename)
      } catch (error) {
        await fresh.close()
        throw error
      }
      file = fresh
      size = bytes.length
      torn = false
      await old.close()
      // Unless this succeeds, a loss of power may bring back the file that was: then nothing more is taken.
      await syncFolder().catch(() => fresh.close())
    },
    close: () => file.close(),
  }
}

/** Bytes without the last line, if it is not whole. Only of that one any part may be missing: all others were synced before it was written. */
function wholeOf(bytes: Buffer): number {
  const end = bytes.lastIndexOf('\n') + 1
  const begin = bytes.subarray(0, Math.max(0, end - 1)).lastIndexOf('\n') + 1
  try {
    JSON.parse(bytes.subarray(begin, end).toString())
    return end
  } catch {
    return begin
  }
}
