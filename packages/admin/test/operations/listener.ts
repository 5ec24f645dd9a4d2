/** Reads server-sent events. */
export interface Message {
  event: string
  id: number | null
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what came, whatever that is.
  data: any
}

export interface Listener {
  status: number
  headers: Headers
  /** The next message; null: the stream has ended. Heartbeats are messages of the kind `comment`. */
  next(): Promise<Message | null>
  /** All that have come and were not read, without waiting. */
  rest(): Promise<Message[]>
  leave(): Promise<void>
}

export function listenerOf({ status, headers, body }: Response): Listener {
  if (body === null) throw new Error('there is no stream')
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>).getReader()
  const read: Message[] = []
  let text = ''
  let ended = false
  let reading: Promise<void> | null = null

  async function readMore(): Promise<void> {
    const { done, value = '' } = await reader.read()
    ended = done
    const parts = (text + value).split('\n\n')
    text = parts.pop() ?? ''
    read.push(...parts.map(toMessage))
    reading = null
  }

  return {
    status,
    headers,
    async next() {
      while (read.length === 0 && !ended) await (reading ??= readMore())
      return read.shift() ?? null
    },
    async rest() {
      for (let before = -1; before !== read.length && !ended; ) {
        before = read.length
        reading ??= readMore()
        await Promise.race([reading, new Promise((resolve) => setImmediate(resolve))])
      }
      return read.splice(0)
    },
    leave: () => reader.cancel(),
  }
}

function toMessage(part: string): Message {
  const of = (name: string) =>
    part
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  const [id, data] = [of('id'), of('data')]
  return {
    event: of('event') ?? 'comment',
    id: id === undefined ? null : Number(id),
    data: data === undefined ? null : JSON.parse(data),
  }
}
