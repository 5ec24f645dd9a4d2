import { spawn } from 'node:child_process'
import { constants } from 'node:os'

export const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '')

/** What a shell would say: a child that a signal ended has the code 128 + the signal's number. */
const exitCode = (code, signal) => code ?? 128 + (constants.signals[signal] ?? 0)

/** Runs a child in the foreground, passes signals on to it, and gives its exit code. */
export function foreground(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options })
    const pass = (signal) => {
      // On a terminal, Ctrl-C has reached the child already: it goes to the whole foreground group.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, pass)
    // npm ends its shell on SIGTERM, and the shell does not pass it on: losing the shell is the signal.
    const parent = process.ppid
    const orphaned = () => process.env.npm_lifecycle_event !== undefined && process.ppid !== parent && child.kill('SIGTERM')
    const watch = setInterval(orphaned, 250)
    const done = (code) => {
      clearInterval(watch)
      for (const signal of signals) process.off(signal, pass)
      resolve(code)
    }
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`)
      done(127)
    })
    child.on('close', (code, signal) => done(exitCode(code, signal)))
  })
}

/** Runs a child and keeps what it says: nobody wants to read an install that worked. */
export function captured(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => resolve({ code: 127, output: `${command} could not be started: ${error.message}` }))
    child.on('close', (code, signal) => resolve({ code: exitCode(code, signal), output }))
  })
}

/** A step of the way there, with how long it took; what failed is an error that shows the end of the step's log. */
export async function step(title, command, args, options = {}) {
  console.log(`${title} …`)
  const startedAt = Date.now()
  const { code, output } = await captured(command, args, options)
  if (code !== 0) {
    const told = output.split('\n').filter((line) => !/^\s+at /.test(line))
    const tail = told.join('\n').trim().split('\n').slice(-40).join('\n')
    throw new Error(`${title}: failed with code ${code}\n  ${command} ${args.join(' ')}\n\n${tail}\n`)
  }
  console.log(`  done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
}
