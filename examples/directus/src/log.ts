import type { Readable } from 'node:stream'

export interface Log {
  text(): string
  /** Takes what comes out of there until it ends. */
  follow(stream: Readable): void
  /** Resolves with the match once the log has it, from position `since` on; throws with the log's end if that takes too long. */
  wait(pattern: RegExp, options?: { since?: number; timeoutMs?: number }): Promise<RegExpExecArray>
}

/** All that a process says. */
export function createLog(onText: (text: string) => void = () => {}): Log {
  let said = ''
  const listeners = new Set<() => void>()

  return {
    text: () => said,
    follow(stream) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        onText(text)
        for (const listener of [...listeners]) listener()
      })
    },
    wait(pattern, { since = 0, timeoutMs = 20_000 } = {}) {
      return new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          clearTimeout(timer)
          listeners.delete(look)
          settle()
        }
        const look = () => {
          const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(said.slice(since))
          if (match) end(() => resolve(match))
        }
        const late = () => reject(new Error(`After ${timeoutMs} ms there is no ${pattern} in\n${said.slice(-4000)}`))
        const timer = setTimeout(() => end(late), timeoutMs)
        listeners.add(look)
        look()
      })
    },
  }
}
