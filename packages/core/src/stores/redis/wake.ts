/** Tells other processes at once that something may be due, over the server's own channels. */
import type { RedisClient } from './client.ts'

/** Calls `wake` for what others say on the channel, and whenever something may have been missed. Returns how to stop. */
export function watchChannel(client: RedisClient, channel: string, self: string, wake: () => void): () => void {
  // A connection that listens can do nothing else.
  const ear = client.duplicate()
  // What the client would repeat by itself after a connection anew is nobody's to catch, if that ends meanwhile.
  const { options } = ear as { options?: { autoResubscribe?: boolean } }
  if (options !== undefined) options.autoResubscribe = false
  let stopped = false
  ear.on('error', () => {})
  ear.on('message', (from: unknown, sender: unknown) => {
    if (!stopped && from === channel && sender !== self) wake()
  })
  // Also after each connection anew, whatever the client does by itself.
  const listen = () => {
    ear.call('subscribe', [channel]).then(
      () => stopped || wake(),
      // There is the look once a second.
      () => {},
    )
  }
  ear.on('ready', listen)
  if (ear.status === 'ready') listen()
  else if (ear.status === 'wait') ear.connect().catch(() => {})
  return () => {
    stopped = true
    ear.disconnect()
  }
}
