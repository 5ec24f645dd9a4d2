// Loaded into a Directus before its own code: its input ends with the process that started it, however that one ended.
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL'))
  process.stdin.resume().unref()
}
