import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { bearer, createReceiver, hmac } from '@unstale/receiver'
import { build } from 'esbuild'
import { Webhook } from 'standardwebhooks'
import { changesOf, SECRET, TOKEN, wireOf } from './content.ts'
import type { Group } from './group.ts'
import { interleave, ratioOf, sampleOf, timed } from './measure.ts'

export const receiver: Group = async ({ rounds, quick }) => {
  const size = await gzipped(`export { createReceiver, hmac, bearer } from '@unstale/receiver'`)
  const peerSize = await gzipped(`export { Webhook } from 'standardwebhooks'`)
  const times = quick ? 50 : 1000
  const { body, headers } = signedBatch()
  const ours = createReceiver({ auth: [hmac(SECRET), bearer(TOKEN)] })
  const theirs = new Webhook(SECRET)

  const parse = async (): Promise<unknown> => (await ours.parse({ method: 'POST', headers }, { rawBody: body })).events
  // It parses the JSON itself once it has verified it.
  const verify = async (): Promise<unknown> => theirs.verify(body, headers)
  await sameItems(parse, verify)
  const took = await interleave(
    { ours: () => perCall(parse, times), theirs: () => perCall(verify, times) },
    { rounds, warmups: 2 },
  )

  return [
    {
      what: 'size of the receiver: HMAC, bearer, parse and dispatch, minified and gzipped',
      unit: 'bytes',
      ours: sampleOf([size]),
      peer: null,
      ratio: sampleOf([size]),
      mark: { atMost: 2560 },
    },
    {
      what: 'the same, against the peer',
      unit: 'bytes',
      ours: sampleOf([size]),
      peer: { what: 'standardwebhooks: verify', ...sampleOf([peerSize]) },
      ratio: sampleOf([size / peerSize]),
      mark: null,
    },
    {
      what: 'verify and parse a batch of 20 kB',
      unit: 'µs',
      ours: sampleOf(took.ours),
      peer: { what: 'standardwebhooks verify, with its JSON.parse', ...sampleOf(took.theirs) },
      ratio: ratioOf(took.ours, took.theirs),
      mark: { atMost: 1 },
    },
  ]
}

async function gzipped(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

function signedBatch(): { body: Buffer; headers: Record<string, string> } {
  const events = changesOf(1000).map(wireOf)
  const length = JSON.stringify(events[0]).length + 1
  const body = Buffer.from(JSON.stringify(events.slice(0, Math.round(20_000 / length))))
  const seconds = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64'))
    .update(`msg_1.${seconds}.`)
    .update(body)
    .digest('base64')
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${signature}`,
    },
  }
}

/** Microseconds. */
async function perCall(work: () => Promise<unknown>, times: number): Promise<number> {
  const took = await timed(async () => {
    for (let time = 0; time < times; time++) await work()
  })
  return (took * 1000) / times
}

/** Both have to find the whole batch, or they are not compared. */
async function sameItems(...parsers: (() => Promise<unknown>)[]): Promise<void> {
  const counts = await Promise.all(parsers.map(async (parse) => ((await parse()) as unknown[]).length))
  if (new Set(counts).size !== 1 || counts[0] === 0) throw new Error(`the parsers found ${counts.join(' and ')} events`)
}
