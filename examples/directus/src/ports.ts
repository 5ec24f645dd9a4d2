import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** That port of 127.0.0.1 if it is free and was not given out before, else any that is. */
export async function freePort(wanted: number, taken: readonly number[] = []): Promise<number> {
  const port = taken.includes(wanted) ? null : await tryPort(wanted)
  return port ?? (await freePort(0, taken))
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(null) : reject(error)
    })
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as AddressInfo
      server.close(() => resolve(got))
    })
  })
}
