import { createHmac } from 'node:crypto'

/** Epoch milliseconds at which every test happens. */
export const NOW = 1_700_000_000_000
export const now = (): number => NOW

/** A Standard Webhooks secret whose every byte is `fill`. */
export const secretOf = (fill: number): string => `whsec_${Buffer.alloc(32, fill).toString('base64')}`
export const SECRET: string = secretOf(7)

export const post = (id: number | string, more: object = {}): object => ({
  collection: 'posts',
  event: 'update',
  fields: { id, slug: `post-${id}` },
  timestamp: NOW - 1000,
  ...more,
})

export interface Signing {
  secret?: string
  id?: string
  /** Unix seconds, as they are sent and signed. */
  timestamp?: number | string
}

export function sign(body: string | Uint8Array, { secret = SECRET, id = 'msg_1', timestamp = NOW / 1000 }: Signing = {}): string {
  const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
  return `v1,${hmac.update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}

export function signedHeaders(body: string | Uint8Array, signing: Signing = {}): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': signing.id ?? 'msg_1',
    'webhook-timestamp': String(signing.timestamp ?? NOW / 1000),
    'webhook-signature': sign(body, signing),
  }
}

/** A request as our sender makes it. */
export function signed(body: unknown, signing: Signing = {}, headers: Record<string, string> = {}): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return request(text, { ...signedHeaders(text, signing), ...headers })
}

export function request(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request('https://site.example/flush', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    // Streams need it; TypeScript's DOM does not know it.
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  } as RequestInit)
}

export async function answerOf(response: Response): Promise<{ status: number; body: Record<string, unknown> }> {
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
