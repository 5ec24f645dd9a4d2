import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

/** A front end on node:http gets one request as the wire's document says, and the same with another body; tells what came of them. */
export async function frontEnd({ createReceiver, hmac, nodeHandler }) {
  const key = randomBytes(32)
  const heard = []
  const receiver = createReceiver({
    auth: [hmac(`whsec_${key.toString('base64')}`)],
    on: { posts: ({ event, id, fields }) => heard.push(`${event} ${id} ${fields.slug}`) },
  })
  const server = createServer(nodeHandler(receiver)).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const body = JSON.stringify([
    { collection: 'posts', event: 'update', fields: { id: 7, slug: 'autumn-menu' }, timestamp: Date.now() },
  ])
  const send = async (sent) => {
    const id = `msg_${randomUUID()}`
    const timestamp = Math.floor(Date.now() / 1000)
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      },
      body: sent,
    })
    return { status: response.status, ...(await response.json()) }
  }
  const signed = await send(body)
  const forged = await send(body.replace('autumn', 'winter'))
  server.closeAllConnections()
  server.close()
  console.log(JSON.stringify({ node: process.version, signed, forged: { status: forged.status, code: forged.code }, heard }))
}
