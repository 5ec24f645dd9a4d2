import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as later } from 'node:timers/promises'

/** Nobody holds a lock for as long without a sign of life. */
const staleAfterMs = 60_000

/** Runs `work` while no other process does, which a file says. `waiting` is called once if there is one. */
export async function withLock<T>(file: string, work: () => Promise<T>, waiting: () => void): Promise<T> {
  for (let told = false; !(await take(file)); told = true) {
    if (await isAbandoned(file)) {
      await rm(file, { force: true })
      continue
    }
    if (!told) waiting()
    await later(250)
  }
  const alive = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), staleAfterMs / 6)
  try {
    return await work()
  } finally {
    clearInterval(alive)
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/** Its process has gone; or shows no sign of life, when another process has got its number. */
async function isAbandoned(file: string): Promise<boolean> {
  try {
    const [pid, { mtimeMs }] = [Number(await readFile(file, 'utf8')), await stat(file)]
    // Between its creation and its content, it is empty.
    return Date.now() - mtimeMs > staleAfterMs || (pid > 0 && !isRunning(pid))
  } catch {
    return false
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
