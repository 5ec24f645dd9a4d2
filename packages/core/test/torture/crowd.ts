import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Said, Task } from './child.ts'

/** The processes of one run. */
export interface Crowd {
  start(role: Task['role']): void
  /** Resolves when both a worker and a publisher are at work. */
  ready(): Promise<void>
  /** Names of those that run. */
  names(role?: Task['role']): string[]
  /** Kills it, and resolves when it is gone and everything that it said was heard. Answers what it was. */
  kill(name: string): Promise<Task['role'] | null>
}

export interface CrowdOptions {
  /** What all tasks have in common. */
  common: Omit<Task, 'role' | 'name' | 'transactional'>
  heard(name: string, said: Said): void
  killed(name: string, at: number): void
  /** It ended by itself, which none of them ever should. */
  ended(name: string, code: number | null): void
}

interface Member {
  role: Task['role']
  child: ChildProcess
  ready: boolean
}

export function createCrowd({ common, heard, killed, ended }: CrowdOptions): Crowd {
  const members = new Map<string, Member>()
  let readied: () => void = () => {}
  let started = 0

  function start(role: Task['role']): void {
    const number = ++started
    const name = `${role}${number}`
    const task: Task = { ...common, role, name, transactional: number % 2 === 0 }
    const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(task)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const member: Member = { role, child, ready: false }
    members.set(name, member)
    child.on('message', (said: Said) => {
      heard(name, said)
      if (said !== 'ready') return
      member.ready = true
      readied()
    })
    child.once('exit', (code) => {
      if (members.delete(name)) ended(name, code)
    })
  }

  return {
    start,
    async ready() {
      const all = () => [...members.values()]
      const works = (role: Task['role']) => all().some((member) => member.role === role && member.ready)
      while (!works('worker') || !works('publisher')) await new Promise<void>((resolve) => (readied = resolve))
    },
    names: (role) => [...members].filter(([, member]) => role === undefined || member.role === role).map(([name]) => name),
    async kill(name) {
      const member = members.get(name)
      if (member === undefined) return null
      members.delete(name)
      const { child, role } = member
      const gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')])
      const at = Date.now()
      child.kill('SIGKILL')
      await gone
      killed(name, at)
      return role
    },
  }
}
